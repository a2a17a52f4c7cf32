import { useEffect } from 'preact/hooks';
import { lostSince } from './api/client';
import { liveLostSince } from './api/live';
import { whoami } from './api/session';
import { placeText } from './api/place';
import type { Place } from './api/types';
import { Display } from './display';
import { KeyHelp, openHelp } from './keys';
import { DeployPage } from './pages/deploy';
import { DeploymentPage } from './pages/deployment';
import { EnvironmentPage } from './pages/environment';
import { LogsPage } from './pages/logs';
import { OperationsPage } from './pages/operations';
import { Wall } from './pages/wall';
import { match, onLink, path, to } from './route';
import { t } from './text';
import { Icon } from './ui/icon';
import { Empty } from './ui/notice';
import { said } from './ui/said';
import { Moment } from './ui/time';
import { With } from './ui/with';

/** The token of all callers of a server without log-in, such as that of `deploy-code dev`. */
const withoutToken = 'none';

/** The page around all pages. */
export function App() {
  return (
    <div class="app" onClick={onLink}>
      <a class="skip" href="#main">
        {t('app.skip')}
      </a>
      <header class="top">
        <a class="brand" href={to.wall}>
          {t('app.name')}
        </a>
        <span class="top-right">
          <button type="button" class="plain" onClick={openHelp} aria-label={t('app.help')} title={t('app.help')}>
            ?
          </button>
          {whoami.value?.token !== withoutToken && (
            <a href="/login" title={whoami.value?.subject}>
              {t('app.account')}
            </a>
          )}
        </span>
      </header>
      <Lost />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Display />
      <div class="said" role="status">
        {said.value !== undefined && (
          <p>
            <Icon name="good" /> {said.value}
          </p>
        )}
      </div>
      <KeyHelp />
    </div>
  );
}

/** Says that the connection is lost; the page keeps its last state meanwhile. */
function Lost() {
  const since = lostSince.value ?? liveLostSince.value;
  return (
    <div class="lost" role="alert">
      {since !== undefined && (
        <p>
          <Icon name="warn" />
          <With text="app.lost" name="time">
            <Moment at={since} />
          </With>
        </p>
      )}
    </div>
  );
}

function Page() {
  const of = path.value;
  const logs = match('/environments/:stack/:environment/logs', of);
  const operations = match('/environments/:stack/:environment/operations', of);
  const deploy = match('/environments/:stack/:environment/deploy', of);
  const deployment = match('/environments/:stack/:environment/deployments/:id', of);
  const environment = match('/environments/:stack/:environment', of);
  const place = placeIn(logs ?? operations ?? deploy ?? deployment ?? environment);
  useEffect(() => {
    document.title = [place && placeText(place), t('app.name')].filter(Boolean).join(' · ');
  });
  if (of === '/') return <Wall />;
  if (logs && place) return <LogsPage place={place} />;
  if (operations && place) return <OperationsPage place={place} />;
  if (deploy && place) return <DeployPage place={place} />;
  if (deployment && place) return <DeploymentPage place={place} id={deployment.id!} />;
  if (environment && place) return <EnvironmentPage place={place} />;
  return (
    <Empty>
      <p>{t('app.missing')}</p>
      <a href={to.wall}>{t('app.missing.back')}</a>
    </Empty>
  );
}

function placeIn(found: Record<string, string> | undefined): Place | undefined {
  return found && { stack: found.stack!, environment: found.environment! };
}
