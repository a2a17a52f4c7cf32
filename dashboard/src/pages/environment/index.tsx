import { useEffect } from 'preact/hooks';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { Place } from '../../api/types';
import { to } from '../../route';
import { t } from '../../text';
import { Empty, Loading, Trouble } from '../../ui/notice';
import { HealthBadge, Notes } from '../wall/tile';
import { followTiles, tiles } from '../wall/tiles';
import { Deployments } from './deployments';
import { InstanceTable } from './instances';
import { LastFailure } from './last-failure';
import { useEnvironment } from './live';
import { Releases } from './releases';

/** One environment: what runs, what is wrong with it, and what was deployed. */
export function EnvironmentPage({ place }: { place: Place }) {
  const live = useEnvironment(place);
  useEffect(followTiles, []);
  const tile = tiles.value?.get(placeText(place));
  const state = live.state.value;
  const deployments = state?.numbers?.deployment;
  const running = state?.running?.workflowId;
  if (live.problem.value !== undefined) return <Trouble error={live.problem.value} />;
  if (!state) return <Loading />;
  return (
    <>
      <header class="page-head">
        <p class="crumb">
          <a href={to.wall}>{t('app.environments')}</a>
        </p>
        <h1>{placeText(place)}</h1>
        {tile && (
          <div class="page-status">
            <HealthBadge health={tile.health} />
            <Notes tile={tile} />
          </div>
        )}
        <nav class="tabs" aria-label={place.stack}>
          {state.current?.release !== undefined && may('deployment.request', place) && (
            <a href={to.part(place, 'deploy')}>{t('deploy.title')}</a>
          )}
          <a href={to.part(place, 'logs')}>{t('environment.logs')}</a>
          <a href={to.part(place, 'operations')}>{t('operations.title')}</a>
          {state.running && (
            <a href={to.deployment(place, state.running.deployment)}>
              {t('deployment.title', { deployment: state.running.deployment })}
            </a>
          )}
        </nav>
      </header>
      {tile && tile.findings.length > 0 && (
        <section class="failure" aria-labelledby="findings">
          <h2 id="findings">{t('environment.findings')}</h2>
          <ul>
            {tile.findings.map(({ text }) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      {tile?.failed && !state.running && <LastFailure place={place} deployment={tile.failed.deployment} />}
      {state.deployed === false ? (
        <Empty>
          <p>{t('environment.never')}</p>
        </Empty>
      ) : (
        <>
          <InstanceTable found={live.instances.value} place={place} />
          <Deployments place={place} turn={`${deployments} ${running}`} />
          <Releases place={place} current={state.current?.release} turn={`${state.current?.release}`} />
        </>
      )}
    </>
  );
}
