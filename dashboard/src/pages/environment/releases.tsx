import { useState } from 'preact/hooks';
import { act, ask, newKey, pathOf } from '../../api/client';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { Api, Place, Release } from '../../api/types';
import { go, to } from '../../route';
import { counted, t } from '../../text';
import { ago } from '../../text/format';
import { Confirm } from '../../ui/confirm';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';
import { withReason } from '../../ui/reason-field';
import { Ago } from '../../ui/time';
import { PlanText } from './plan';

interface ReleasesProps {
  place: Place;
  current: number | undefined;
  turn: string;
}

/** The kept releases; to each of them one can go back. */
export function Releases({ place, current, turn }: ReleasesProps) {
  const [chosen, setChosen] = useState<Release | undefined>(undefined);
  const { value, error, again } = useLoaded(
    (signal) => ask<'releases'>(pathOf(place, 'releases'), signal),
    placeText(place),
    turn,
  );
  return (
    <section aria-labelledby="releases">
      <h2 id="releases">{t('environment.releases')}</h2>
      {error && <Trouble error={error} retry={again} />}
      {!value && !error && <Loading />}
      <ol class="rows">
        {value?.releases.map((each) => (
          <li class="row" key={each.release}>
            <strong>{t('tile.release', { number: each.release })}</strong>
            {each.release === current && <span class="badge good">{t('environment.current')}</span>}
            <span class="faint">
              {each.requestedBy} · <Ago at={each.at} /> ·{' '}
              {counted('releases.services', Object.keys(each.services).length)}
            </span>
            {each.release !== current && may('deployment.request', place) && (
              <button type="button" onClick={() => setChosen(each)}>
                {t('releases.roll_back', { release: each.release })}
              </button>
            )}
            {each.reason !== undefined && <span class="row-more">{each.reason}</span>}
          </li>
        ))}
      </ol>
      {chosen && <RollBack place={place} release={chosen} current={current} onClose={() => setChosen(undefined)} />}
    </section>
  );
}

interface RollBackProps {
  place: Place;
  release: Release;
  /** The current release. If it changes after this dialog has opened, the rollback is refused. */
  current: number | undefined;
  onClose: () => void;
}

function RollBack({ place, release: { release, requestedBy, at }, current, onClose }: RollBackProps) {
  const [key] = useState(newKey);
  const [insteadOf] = useState(current);
  const plan = useLoaded(() => planOf(place, release), String(release));
  const request = async (reason: string) => {
    const body = {
      kind: 'rollback',
      release,
      ...(insteadOf !== undefined && { insteadOf }),
      ...withReason(reason),
    };
    const { id } = await act<'requestDeployment'>('POST', pathOf(place, 'deployments'), { body, key });
    go(to.deployment(place, id));
  };
  return (
    <Confirm
      title={t('releases.roll_back', { release })}
      text={t('releases.roll_back.text', {
        release,
        place: placeText(place),
        by: requestedBy,
        time: ago(at, Date.now()),
      })}
      button={t('releases.roll_back', { release })}
      isDangerous
      hasReason
      isDisabled={!plan.value || plan.value.refusals.length > 0}
      onClose={onClose}
      onConfirm={request}
    >
      <h3>{t('releases.differences')}</h3>
      {plan.error && <Trouble error={plan.error} />}
      {!plan.value && !plan.error && <Loading />}
      {plan.value && <PlanText {...plan.value} />}
    </Confirm>
  );
}

function planOf(place: Place, release: number): Promise<Api['plan']> {
  return act<'plan'>('POST', pathOf(place, 'plans'), { body: { kind: 'rollback', release } });
}
