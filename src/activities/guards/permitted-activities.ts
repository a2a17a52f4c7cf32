import { Context } from '@temporalio/activity';
import type { StatementGuard, Execution } from '../access/statement-guard';
import type { Activities } from '../contract';
import { SoftwareFault } from '../failures';
import { withHeartbeat } from '../heartbeat';

/**
 * Who may have an activity performed in an environment that demands statements.
 * `request`: a workflow that was started with one. `environment`: also the workflow of the environment itself.
 * `anybody`: it reads, or only coordinates workflows.
 */
type Rule = 'request' | 'environment' | 'anybody';

/** An activity without a rule does not compile. */
const rules: Record<keyof Activities, Rule> = {
  // Judged by the activity itself, which tells the deployment what it found.
  joinEnvironment: 'anybody',
  sealRelease: 'request',
  admitRequest: 'anybody',
  // Judges a delivery by its own signature.
  readHook: 'anybody',
  claimSlot: 'anybody',
  claimHost: 'anybody',
  reportHost: 'anybody',
  readHostBreakers: 'anybody',
  claimRoutes: 'anybody',
  settleRoutes: 'anybody',
  applySharedBalancer: 'anybody',
  watchSharedBalancer: 'anybody',
  wishCertificate: 'anybody',
  makeCertificateKeys: 'anybody',
  orderCertificate: 'anybody',
  serveCertificate: 'anybody',
  recallEnvironment: 'anybody',
  isRunning: 'anybody',
  endIfStuck: 'anybody',
  readRelease: 'anybody',
  // Judged by the activity itself, which knows what is requested.
  requestDeployment: 'anybody',
  awaitDeployment: 'anybody',
  cancelDeployment: 'anybody',
  findOpenWindow: 'anybody',
  syncSchedules: 'request',
  deliver: 'anybody',
  recordAudit: 'anybody',
  readAudit: 'anybody',
  sealingKey: 'anybody',
  resealSecrets: 'anybody',
  resealLogins: 'anybody',
  passResealed: 'request',
  watchRelease: 'anybody',
  restartInstance: 'environment',
  observe: 'anybody',
  pullImage: 'request',
  createNetwork: 'request',
  removeNetwork: 'request',
  createVolume: 'request',
  removeVolume: 'request',
  startInstance: 'request',
  awaitHealthy: 'anybody',
  restoreInstance: 'request',
  selectInstance: 'request',
  createJob: 'request',
  runJob: 'request',
  execInInstance: 'request',
  retireInstance: 'request',
  retireInstances: 'request',
  reviveInstance: 'request',
  reviveInstances: 'request',
  removeInstance: 'request',
  removeInstances: 'request',
  attachInstance: 'request',
  routeTraffic: 'request',
  configureBalancer: 'request',
  drainInstance: 'anybody',
  runTest: 'request',
  analyse: 'anybody',
  passGate: 'anybody',
  watchInstances: 'anybody',
  confirm: 'anybody',
  holdImages: 'request',
  pruneReleases: 'request',
  describeInstances: 'anybody',
  readLogs: 'anybody',
  runCommand: 'request',
  converse: 'request',
};

interface Place {
  stack: string;
  environment: string;
}

type Activity = (...input: unknown[]) => Promise<unknown>;

/** The actions whose requests may have an activity performed; default a deployment. */
const actions: Partial<Record<keyof Activities, string>> = {
  runCommand: 'instances.exec',
  converse: 'instances.exec',
  passResealed: 'secrets.write',
};

/**
 * Wraps activities so that those which change a protected environment are performed only for requests that a server has
 * stated. Workflows check too, but anybody who reaches Temporal can schedule an activity with any input.
 */
export function withPermission(activities: Activities, guard: StatementGuard): Activities {
  const permitted = (Object.entries(activities) as [keyof Activities, Activity][]).map(([name, run]) => [
    name,
    async (...input: unknown[]) => {
      const place = rules[name] === 'anybody' ? undefined : placeOf(name, input[0]);
      if (place && guard.demand(place)) await withHeartbeat(() => requirePermission(guard, name, place));
      const result = await run(...input);
      if (name === 'recordAudit') await noteSuccess(guard, input as Parameters<Activities['recordAudit']>);
      return result;
    },
  ]);
  return Object.fromEntries(permitted) as Activities;
}

/** A deployment writes its record as the last thing. */
async function noteSuccess(
  guard: StatementGuard,
  [{ stack, environment }, { id, result }]: Parameters<Activities['recordAudit']>,
): Promise<void> {
  const execution = executionOfTask();
  if (execution.workflowId !== id || !id.startsWith('deployment/') || !result.startsWith('succeeded')) return;
  await withHeartbeat(() => guard.noteSuccess({ stack, environment }, execution));
}

async function requirePermission(guard: StatementGuard, name: keyof Activities, place: Place): Promise<void> {
  const execution = executionOfTask();
  if (rules[name] === 'environment' && execution.workflowId === `environment/${place.stack}/${place.environment}`)
    return;
  const { action } = await guard.permit(place, execution);
  const wanted = actions[name] ?? 'deployment.request';
  const isVolume = name === 'removeVolume' && action === 'volumes.delete';
  if (action !== wanted && !isVolume) throw new SoftwareFault(`a request for ${action} does not permit ${name}`);
}

/** The workflow that the running activity belongs to. @throws SoftwareFault if it belongs to none */
export function executionOfTask(): Execution {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution) return workflowExecution;
  throw new SoftwareFault('only workflows have activities performed');
}

/** Where the activity itself has its environment from: an input that names another one besides does not count. */
function placeOf(name: keyof Activities, input: unknown): Place {
  const { stack, environment } = name === 'restartInstance' ? (input as { place: Place }).place : (input as Place);
  return { stack, environment };
}
