import { ask, pathOf } from '../../api/client';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';
import { Ago } from '../../ui/time';

/** The names of stored secrets: no page ever has a value. */
export function Secrets({ place, turn }: { place: Place; turn: string }) {
  const { value, error, again } = useLoaded(
    (signal) => ask<'secrets'>(pathOf(place, 'secrets'), signal),
    [place.stack, place.environment],
    turn,
  );
  if (error) return <Trouble error={error} retry={again} />;
  if (!value) return <Loading />;
  return (
    <>
      {value.secrets.length === 0 && <p class="faint">{t('secrets.none')}</p>}
      <ul class="rows">
        {value.secrets.map(({ name, by, at }) => (
          <li class="row" key={name}>
            <strong>{name}</strong>
            <span class="faint">
              {by} · <Ago at={Date.parse(at)} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
