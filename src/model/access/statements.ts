import { isName } from '../names';
import { canonical } from '../text/canonical';
import type { Action } from './actions';

/** Which messages of the engine need a statement of a server, and for which action. */

interface Place {
  stack: string;
  environment: string;
}

/** Name of the header of a message that carries its statement. */
export const statementHeader = 'deploy-code-statement';

const questions: Record<string, Action> = {
  exec: 'instances.exec',
  'remove-volume': 'volumes.delete',
  reseal: 'secrets.write',
  act: 'schedules.write',
};

const messages: Record<string, Record<string, Action>> = {
  deployment: {
    cancelDeployment: 'deployment.steer',
    answer: 'deployment.steer',
    steer: 'deployment.steer',
    amend: 'deployment.steer',
  },
  environment: {
    freeze: 'environment.freeze',
    thaw: 'environment.freeze',
    pauseWatch: 'watch.pause',
    resumeWatch: 'watch.pause',
    storeSecret: 'secrets.write',
    removeSecret: 'secrets.write',
    resealedSecrets: 'secrets.write',
  },
};

/** Workflows that keep something for the whole installation: each of their updates needs a statement. */
const ofInstallation: Record<string, Action> = {
  access: 'access.write',
  users: 'access.write',
  registries: 'registries.write',
};

/** Their signals that need a statement too: whoever could send one would keep others out. */
const signalsOfInstallation: ReadonlySet<string> = new Set(['blocked']);

/** The action of a workflow that is started; undefined if it needs no statement. */
export function actionOfStart(type: string, [input]: readonly unknown[]): Action | undefined {
  if (type === 'deployment') return 'deployment.request';
  if (type !== 'inspect') return undefined;
  const { kind } = (input ?? {}) as { kind?: unknown };
  return typeof kind === 'string' && Object.hasOwn(questions, kind) ? questions[kind] : undefined;
}

/** The action of a signal or an update, by the id of its workflow; undefined if it needs no statement. */
export function actionOfMessage(workflowId: string, name: string, isUpdate: boolean): Action | undefined {
  const [type = ''] = workflowId.split('/', 1);
  if (Object.hasOwn(ofInstallation, type))
    return isUpdate || signalsOfInstallation.has(name) ? ofInstallation[type] : undefined;
  const known = Object.hasOwn(messages, type) ? messages[type]! : {};
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/** True for a workflow that keeps something for the whole installation. */
export function isOfInstallation(workflowId: string): boolean {
  return Object.hasOwn(ofInstallation, workflowId);
}

/** The place in whose audit trail acts on the whole installation are recorded. */
export const installation: Place = { stack: 'deploy-code', environment: 'installation' };

/** The environment that a message to a workflow is about, or the installation, by the id of the workflow. */
export function placeOfMessage(workflowId: string): Place | undefined {
  if (isOfInstallation(workflowId)) return installation;
  const [, stack, environment] = workflowId.split('/');
  return isName('stack', stack) && isName('environment', environment) ? { stack, environment } : undefined;
}

/** What is told to whoever sends a request without a statement. */
export function onlyThroughServer({ stack, environment }: Place): string {
  const isInstallation = stack === installation.stack && environment === installation.environment;
  const what = isInstallation ? 'this installation' : `${stack}/${environment}`;
  return `${what} takes requests only through its server; use --server or \`deploy-code login\``;
}

/** What a worker states of a release that it keeps: nobody else can make one that it deploys again. */
export const keptRelease = 'release.keep';

/** The text whose digest the seal of a release contains. */
export function releaseText(release: number, { stack, images }: { stack: unknown; images: unknown }): string {
  return canonical({ release, stack, images });
}

/**
 * The text whose digest a statement contains: everything that decides what a message does, and the workflow that it is
 * for. `name`: of the signal or update; of a start, the type of the workflow.
 */
export function requestText(workflowId: string, name: string, args: readonly unknown[]): string {
  return canonical({ workflow: workflowId, name, args });
}
