import type { FunctionComponent } from 'preact';
import { may, type Action } from '../../api/session';
import type { Place } from '../../api/types';
import { t, type Key } from '../../text';
import { Empty, Loading, Trouble } from '../../ui/notice';
import { PageHead } from '../../ui/page-head';
import { useEnvironment } from '../environment/live';
import { Audit } from './audit';
import { Holds } from './holds';
import { Hosts } from './hosts';
import { Queue } from './queue';
import { Schedules } from './schedules';
import { Secrets } from './secrets';
import { Volumes } from './volumes';

type Part = FunctionComponent<{ place: Place; turn: string }>;

/** What is shown of an environment besides its deployments, to whoever may see it. */
const parts: readonly { name: Key; action: Action; Part: Part }[] = [
  { name: 'operations.schedules', action: 'schedules.read', Part: Schedules },
  { name: 'operations.hosts', action: 'hosts.read', Part: Hosts },
  { name: 'operations.volumes', action: 'volumes.read', Part: Volumes },
  { name: 'operations.secrets', action: 'secrets.read', Part: Secrets },
  { name: 'operations.audit', action: 'audit.read', Part: Audit },
];

/** How an environment is run: what holds it, its queue, schedules, hosts, volumes, secrets and records. */
export function OperationsPage({ place }: { place: Place }) {
  const live = useEnvironment(place);
  const state = live.state.value;
  if (live.problem.value !== undefined) return <Trouble error={live.problem.value} />;
  if (!state) return <Loading />;
  const turn = `${state.current?.release} ${state.running?.workflowId}`;
  return (
    <>
      <PageHead place={place} title={t('operations.title')} />
      {state.deployed === false ? (
        <Empty>
          <p>{t('environment.never')}</p>
        </Empty>
      ) : (
        <>
          <Holds place={place} state={state} />
          <Queue place={place} state={state} />
          {parts
            .filter(({ action }) => may(action, place))
            .map(({ name, Part }) => (
              <section key={name} aria-labelledby={name}>
                <h2 id={name}>{t(name)}</h2>
                <Part place={place} turn={turn} />
              </section>
            ))}
        </>
      )}
    </>
  );
}
