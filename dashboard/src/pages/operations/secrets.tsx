import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { WhenLoaded } from '../../ui/notice';
import { Ago } from '../../ui/time';

/** The names of stored secrets: no page ever has a value. */
export function Secrets({ place, turn }: { place: Place; turn: string }) {
  const loaded = useLoaded((signal) => ask<'secrets'>(pathOf(place, 'secrets'), signal), placeText(place), turn);
  return (
    <WhenLoaded of={loaded}>
      {({ secrets }) => (
        <>
          {secrets.length === 0 && <p class="faint">{t('secrets.none')}</p>}
          <ul class="rows">
            {secrets.map(({ name, by, at }) => (
              <li class="row" key={name}>
                <strong>{name}</strong>
                <span class="faint">
                  {by} · <Ago at={Date.parse(at)} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </WhenLoaded>
  );
}
