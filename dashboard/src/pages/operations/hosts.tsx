import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { Badge } from '../../ui/badge';
import { useLoaded } from '../../ui/load';
import { WhenLoaded } from '../../ui/notice';

/** The hosts of the current release, with the workers that serve them. */
export function Hosts({ place, turn }: { place: Place; turn: string }) {
  const loaded = useLoaded((signal) => ask<'hosts'>(pathOf(place, 'hosts'), signal), placeText(place), turn);
  return (
    <WhenLoaded of={loaded}>
      {({ hosts }) => (
        <ul class="rows">
          {hosts.map(({ name, runtime, zone, address, taskQueue, workers, taking, breaker }) => (
            <li class="row" key={taskQueue}>
              <strong>{name ?? runtime}</strong>
              <span class="faint">
                {[name === undefined ? undefined : runtime, zone, address].filter(Boolean).join(' · ')}
              </span>
              <Badge tone={workers > 0 ? 'good' : 'bad'}>{t('hosts.workers', { count: workers })}</Badge>
              {taking.length > 0 && <span>{t('hosts.taking', { names: taking.join(', ') })}</span>}
              {breaker?.openedAt !== undefined && <span class="row-more bad">{breaker.trouble}</span>}
            </li>
          ))}
        </ul>
      )}
    </WhenLoaded>
  );
}
