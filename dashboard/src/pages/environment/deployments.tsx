import { useEffect, useState } from 'preact/hooks';
import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { DeploymentEntry, Place } from '../../api/types';
import { to } from '../../route';
import { t, word } from '../../text';
import { StatusBadge } from '../../ui/badge';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';
import { Ago, Lasting } from '../../ui/time';

const atATime = 10;
const most = 200;

/** Deployments, newest first. `turn`: they are read again when it changes. */
export function Deployments({ place, turn }: { place: Place; turn: string }) {
  const [limit, setLimit] = useState(atATime);
  useEffect(() => setLimit(atATime), [placeText(place)]);
  const { value, error, again } = useLoaded(
    (signal) => ask<'deployments'>(`${pathOf(place, 'deployments')}?limit=${limit}`, signal),
    placeText(place),
    `${limit} ${turn}`,
  );
  return (
    <section aria-labelledby="deployments">
      <h2 id="deployments">{t('environment.deployments')}</h2>
      {error && <Trouble error={error} retry={again} />}
      {!value && !error && <Loading />}
      {value?.deployments.length === 0 && <p class="faint">{t('environment.deployments.none')}</p>}
      <ol class="rows">
        {value?.deployments.map((each) => (
          <Entry key={each.id} entry={each} place={place} />
        ))}
      </ol>
      {value?.next !== undefined && limit < most && (
        <button type="button" onClick={() => setLimit(Math.min(most, limit * 4))}>
          {t('environment.more')}
        </button>
      )}
    </section>
  );
}

function Entry({ entry, place }: { entry: DeploymentEntry; place: Place }) {
  const { id, deployment, status, startedAt, endedAt, result, asked } = entry;
  const by = result?.requestedBy ?? asked?.by;
  const intent = result?.intent ?? asked?.intent;
  const reason = result?.reason ?? asked?.reason;
  const begin = Date.parse(startedAt);
  return (
    <li>
      <a class="row" href={to.deployment(place, deployment ?? id)}>
        <strong>
          {intent === undefined ? '' : word('intent', intent)} {deployment ?? ''}
        </strong>
        <StatusBadge status={status} />
        <span class="faint">
          {by} · <Ago at={begin} /> ·{' '}
          <Lasting from={begin} to={endedAt === undefined ? undefined : Date.parse(endedAt)} />
        </span>
        {reason !== undefined && <span class="row-more">{reason}</span>}
        {result?.cause && <span class="row-more bad">{result.cause.message.split('\n')[0]}</span>}
      </a>
    </li>
  );
}
