import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { WhenLoaded } from '../../ui/notice';

/** The volumes of an environment, and which instances mount them. */
export function Volumes({ place, turn }: { place: Place; turn: string }) {
  const loaded = useLoaded((signal) => ask<'volumes'>(pathOf(place, 'volumes'), signal), placeText(place), turn);
  return (
    <WhenLoaded of={loaded}>
      {({ volumes, away }) => (
        <>
          {away.map(({ host, reason }) => (
            <p class="notice warn" key={host}>
              {t('instances.away', { host, reason })}
            </p>
          ))}
          {volumes.length === 0 && <p class="faint">{t('volumes.none')}</p>}
          <ul class="rows">
            {volumes.map(({ name, mountedBy, host }) => (
              <li class="row" key={`${host} ${name}`}>
                <strong>{name}</strong>
                <span class="faint">{host}</span>
                <span>
                  {mountedBy.length === 0
                    ? t('volumes.unmounted')
                    : t('volumes.mounted', { names: mountedBy.join(', ') })}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </WhenLoaded>
  );
}
