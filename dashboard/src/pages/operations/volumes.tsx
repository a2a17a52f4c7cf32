import { ask, pathOf } from '../../api/client';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';

/** The volumes of an environment, and which instances mount them. */
export function Volumes({ place, turn }: { place: Place; turn: string }) {
  const { value, error, again } = useLoaded(
    (signal) => ask<'volumes'>(pathOf(place, 'volumes'), signal),
    [place.stack, place.environment],
    turn,
  );
  if (error) return <Trouble error={error} retry={again} />;
  if (!value) return <Loading />;
  return (
    <>
      {value.away.map(({ host, reason }) => (
        <p class="notice warn" key={host}>
          {t('instances.away', { host, reason })}
        </p>
      ))}
      {value.volumes.length === 0 && <p class="faint">{t('volumes.none')}</p>}
      <ul class="rows">
        {value.volumes.map(({ name, mountedBy, host }) => (
          <li class="row" key={`${host} ${name}`}>
            <strong>{name}</strong>
            <span class="faint">{host}</span>
            <span>
              {mountedBy.length === 0 ? t('volumes.unmounted') : t('volumes.mounted', { names: mountedBy.join(', ') })}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
