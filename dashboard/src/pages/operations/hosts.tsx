import { ask, pathOf } from '../../api/client';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { Badge } from '../../ui/badge';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';

/** The hosts of the current release, with the workers that serve them. */
export function Hosts({ place, turn }: { place: Place; turn: string }) {
  const { value, error, again } = useLoaded(
    (signal) => ask<'hosts'>(pathOf(place, 'hosts'), signal),
    [place.stack, place.environment],
    turn,
  );
  if (error) return <Trouble error={error} retry={again} />;
  if (!value) return <Loading />;
  return (
    <ul class="rows">
      {value.hosts.map(({ name, runtime, zone, address, taskQueue, workers, taking, breaker }) => (
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
  );
}
