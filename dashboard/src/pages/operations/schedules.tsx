import { useState } from 'preact/hooks';
import { act, ask, newKey, pathOf } from '../../api/client';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { Place, Schedule } from '../../api/types';
import { t } from '../../text';
import { exact } from '../../text/format';
import { Confirm } from '../../ui/confirm';
import { useLoaded } from '../../ui/load';
import { WhenLoaded } from '../../ui/notice';
import { say } from '../../ui/said';

const orders = {
  run: { method: 'POST', path: 'runs' },
  pause: { method: 'PUT', path: 'pause' },
  resume: { method: 'DELETE', path: 'pause' },
} as const;
type Order = keyof typeof orders;
const mostTimes = 3;

/** Schedules with their next runs, in the time of whoever looks. */
export function Schedules({ place, turn }: { place: Place; turn: string }) {
  const [asked, setAsked] = useState<{ order: Order; name: string; key: string } | undefined>(undefined);
  const loaded = useLoaded((signal) => ask<'schedules'>(pathOf(place, 'schedules'), signal), placeText(place), turn);
  const perform = async () => {
    const { order, name, key } = asked!;
    const { method, path } = orders[order];
    await act<'nothing'>(method, pathOf(place, 'schedules', name, path), { key });
    say(t('act.done', { action: t(`schedules.${order}`) }));
    loaded.again();
  };
  return (
    <>
      <WhenLoaded of={loaded}>
        {({ schedules }) => (
          <>
            {schedules.length === 0 && <p class="faint">{t('schedules.none')}</p>}
            <ul class="rows">
              {schedules.map((each) => (
                <Row
                  key={each.spec.name}
                  schedule={each}
                  isOperator={may('schedules.write', place)}
                  onAsk={(order) => setAsked({ order, name: each.spec.name, key: newKey() })}
                />
              ))}
            </ul>
          </>
        )}
      </WhenLoaded>
      {asked && (
        <Confirm
          title={`${t(`schedules.${asked.order}`)}: ${asked.name}`}
          text={t(`schedules.${asked.order}.text`)}
          button={t(`schedules.${asked.order}`)}
          isDangerous={false}
          hasReason={false}
          onClose={() => setAsked(undefined)}
          onConfirm={perform}
        />
      )}
    </>
  );
}

interface RowProps {
  schedule: Schedule;
  isOperator: boolean;
  onAsk: (order: Order) => void;
}

function Row({ schedule: { spec, paused, note, next }, isOperator, onAsk }: RowProps) {
  const shown: Order[] = isOperator ? ['run', paused ? 'resume' : 'pause'] : [];
  return (
    <li class="row">
      <strong>{spec.name}</strong>
      <span class="faint">
        {spec.what.kind} · {spec.cron.join(', ')} {spec.timeZone}
      </span>
      {paused && <span class="badge quiet">{t('schedules.paused')}</span>}
      {shown.map((order) => (
        <button type="button" key={order} onClick={() => onAsk(order)}>
          {t(`schedules.${order}`)}
        </button>
      ))}
      {!paused && next.length > 0 && (
        <span class="row-more">
          {t('schedules.next', {
            times: next
              .slice(0, mostTimes)
              .map((time) => exact(Date.parse(time)))
              .join(' · '),
          })}
        </span>
      )}
      {note !== undefined && note !== '' && <span class="row-more">{note}</span>}
    </li>
  );
}
