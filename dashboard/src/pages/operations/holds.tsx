import { useState } from 'preact/hooks';
import { tenSeconds } from '../../clock';
import { act, pathOf } from '../../api/client';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { Environment, Place } from '../../api/types';
import { t, type Key } from '../../text';
import { moment } from '../../text/format';
import { Confirm } from '../../ui/confirm';
import { withReason } from '../../ui/reason-field';
import { say } from '../../ui/said';

interface HoldsProps {
  place: Place;
  state: Environment;
}

type Order = 'freeze' | 'thaw' | 'pause' | 'resume';

/** Each order: the request that carries it out, and whether it ends after some hours. */
const orders: Record<Order, { method: 'PUT' | 'DELETE'; path: readonly string[]; hasEnd: boolean }> = {
  freeze: { method: 'PUT', path: ['freeze'], hasEnd: true },
  thaw: { method: 'DELETE', path: ['freeze'], hasEnd: false },
  pause: { method: 'PUT', path: ['watch', 'pause'], hasEnd: true },
  resume: { method: 'DELETE', path: ['watch', 'pause'], hasEnd: false },
};
const hours = [1, 4, 12, 24, 72] as const;
const hourMs = 3_600_000;

/** What keeps deployments from starting, and the watch from acting; and who may change it. */
export function Holds({ place, state: { freeze, watchPause, breaker } }: HoldsProps) {
  const [asked, setAsked] = useState<Order | undefined>(undefined);
  const now = tenSeconds.value;
  const isOn = (order: { until?: number } | undefined) => order !== undefined && (order.until ?? Infinity) > now;
  const shown: Order[] = [
    ...(may('environment.freeze', place) ? [isOn(freeze) ? ('thaw' as const) : ('freeze' as const)] : []),
    ...(may('watch.pause', place) ? [isOn(watchPause) ? ('resume' as const) : ('pause' as const)] : []),
  ];
  return (
    <section aria-labelledby="holds">
      <h2 id="holds">{t('operations.holds')}</h2>
      <p>{isOn(freeze) ? <Until order={freeze!} is="holds.frozen" /> : t('holds.not_frozen')}</p>
      <p>{isOn(watchPause) ? <Until order={watchPause!} is="holds.paused" /> : t('holds.not_paused')}</p>
      {breaker?.openedAt !== undefined && <p>{t('tile.breaker', { failures: breaker.failures })}</p>}
      <div class="controls">
        {shown.map((order) => (
          <button type="button" key={order} onClick={() => setAsked(order)}>
            {t(`holds.${order}`)}
          </button>
        ))}
      </div>
      {asked && <Ask order={asked} place={place} onClose={() => setAsked(undefined)} />}
    </section>
  );
}

function Until({
  order: { by, reason, until },
  is,
}: {
  order: { by: string; reason?: string; until?: number };
  is: Key;
}) {
  const end =
    until === undefined ? t('holds.until_lifted') : t('holds.until', { time: moment(until, tenSeconds.value) });
  return (
    <>
      {t(is, { by })} {end}
      {reason !== undefined && `: ${reason}`}
    </>
  );
}

function Ask({ order, place, onClose }: { order: Order; place: Place; onClose: () => void }) {
  const [duration, setDuration] = useState(0);
  const { method, path, hasEnd } = orders[order];
  const perform = async (reason: string) => {
    const until = duration > 0 ? new Date(Date.now() + duration * hourMs).toISOString() : undefined;
    const body = { ...(until !== undefined && { until }), ...withReason(reason) };
    await act<'nothing'>(method, pathOf(place, ...path), hasEnd ? { body } : {});
    say(t('act.done', { action: t(`holds.${order}`) }));
  };
  return (
    <Confirm
      title={t(`holds.${order}`)}
      text={t(`holds.${order}.text`, { place: placeText(place) })}
      button={t(`holds.${order}`)}
      isDangerous={false}
      hasReason={hasEnd}
      onClose={onClose}
      onConfirm={perform}
    >
      {hasEnd && (
        <label>
          <span>{t('holds.for')}</span>
          <select value={String(duration)} onChange={({ currentTarget }) => setDuration(Number(currentTarget.value))}>
            <option value="0">{t('holds.until_lifted')}</option>
            {hours.map((each) => (
              <option key={each} value={String(each)}>
                {t('holds.hours', { hours: each })}
              </option>
            ))}
          </select>
        </label>
      )}
    </Confirm>
  );
}
