import type { ComponentChildren } from 'preact';
import { tenSeconds } from '../../clock';
import type { EnvironmentTile } from '../../api/types';
import { to } from '../../route';
import { counted, t, word } from '../../text';
import { ago, moment } from '../../text/format';
import { Badge, type Tone } from '../../ui/badge';
import { Icon, type IconName } from '../../ui/icon';
import { isInTrouble } from './choice';

const toneOf: Record<EnvironmentTile['health'], Tone> = {
  degraded: 'bad',
  drifted: 'warn',
  unreadable: 'warn',
  unwatched: 'quiet',
  healthy: 'good',
  stopped: 'quiet',
  empty: 'quiet',
};

export function HealthBadge({ health }: Pick<EnvironmentTile, 'health'>) {
  return (
    <Badge tone={toneOf[health]} icon={health === 'unwatched' ? 'eye' : undefined}>
      {word('health', health)}
    </Badge>
  );
}

/** One environment at a glance. */
export function Tile({ tile }: { tile: EnvironmentTile }) {
  const { place, health, findings, findingCount, release } = tile;
  const now = tenSeconds.value;
  return (
    <a
      class={`tile ${isInTrouble(tile) && health !== 'drifted' ? 'bad' : toneOf[health]}`}
      href={to.environment(place)}
    >
      <span class="tile-head">
        <span class="tile-name">
          <span class="tile-stack">{place.stack}</span> <span class="tile-environment">{place.environment}</span>
        </span>
        <HealthBadge health={health} />
      </span>
      {findings.slice(0, 2).map(({ text, since }) => (
        <span class="tile-finding" key={text}>
          {text}
          {since !== undefined && <span class="faint"> {t('tile.since', { time: moment(since, now) })}</span>}
        </span>
      ))}
      {findingCount > 2 && <span class="faint">{counted('tile.more', findingCount - 2)}</span>}
      <Notes tile={tile} />
      {release && (
        <span class="tile-release">
          <span>{t('tile.release', { number: release.number })}</span>
          {release.by !== undefined && release.at !== undefined && (
            <span class="faint"> {t('tile.by', { by: release.by, time: ago(release.at, now) })}</span>
          )}
          {release.reason !== undefined && <span class="faint tile-reason">{release.reason}</span>}
        </span>
      )}
    </a>
  );
}

/** What goes on in an environment, and what holds it. */
export function Notes({ tile }: { tile: EnvironmentTile }) {
  const { running, queued, failed, freeze, breaker, trialUntil, watchPausedUntil } = tile;
  const now = tenSeconds.value;
  return (
    <span class="notes">
      {running && (
        <Note tone={running.waits ? 'wait' : 'busy'}>
          {t(running.waits ? 'tile.waits' : 'tile.running', {
            intent: word('intent', running.intent ?? 'deploy'),
            deployment: running.deployment,
            time: ago(running.since ?? now, now),
          })}
        </Note>
      )}
      {failed && (
        <Note tone="bad">
          {t('tile.failed', { deployment: failed.deployment, outcome: word('status', failed.outcome) })}
        </Note>
      )}
      {breaker && (
        <Note tone="bad" icon="stop">
          {t('tile.breaker', { failures: breaker.failures })}
        </Note>
      )}
      {freeze && (freeze.until ?? Infinity) > now && (
        <Note tone="warn" icon="frozen">
          {freeze.until === undefined
            ? t('tile.frozen', { by: freeze.by })
            : t('tile.frozen.until', { by: freeze.by, time: moment(freeze.until, now) })}
        </Note>
      )}
      {queued > 0 && <Note tone="wait">{counted('tile.queued', queued)}</Note>}
      {trialUntil !== undefined && trialUntil > now && (
        <Note tone="quiet" icon="trial">
          {t('tile.trial', { time: moment(trialUntil, now) })}
        </Note>
      )}
      {watchPausedUntil !== undefined && (watchPausedUntil ?? Infinity) > now && (
        <Note tone="quiet" icon="eye">
          {t('tile.paused')}
        </Note>
      )}
    </span>
  );
}

function Note({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`note ${tone}`}>
      <Icon name={icon ?? tone} />
      <span>{children}</span>
    </span>
  );
}
