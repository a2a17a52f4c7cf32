import type { DeployCodeClient } from '../../../client/connect';
import type { LaterFailure } from '../../../client/history';
import type { ReleaseSummary } from '../../../client/history/releases';
import { placeOf } from '../../../client/place';
import type { Stack } from '../../../config';
import type { EnvironmentState } from '../../../workflows/messages';
import { breakerText, frozenText } from '../../output/control-text';
import { loadBalancerText } from '../../output/load-balancer-text';
import { waitingText } from '../../output/question-text';
import { laterFailureText } from '../../output/result-text';
import { statusTable, type Wanted } from '../../output/status-table';
import { paint } from '../../output/terminal';
import { watchText } from '../../output/watch-text';
import { ago } from '../../output/words';
import type { FileOptions } from '../../options';
import { placeArguments } from '../session';

type Answers = Awaited<ReturnType<DeployCodeClient['status']>>;

export interface StackStatus {
  document: object;
  lines: string[];
  away: Answers['away'];
}

/** The status of a stack, for programs and for people. `width`: columns of the screen that its rows have to fit. */
export async function stackStatus(
  client: DeployCodeClient,
  stack: Stack,
  options: FileOptions,
  width?: number,
): Promise<StackStatus> {
  const place = placeOf(stack);
  const [{ found, away }, state, loadBalancer] = await Promise.all([
    client.status(stack),
    client.environment(place),
    client.loadBalancer(place),
  ]);
  const balancing = loadBalancerText(loadBalancer);
  const release = state?.current?.release;
  const contents = release === undefined ? undefined : await client.releaseSummary(place, release);
  // Instances on an unavailable host are not missing.
  const wanted = away.length > 0 ? {} : wantedOf(contents, found, state?.jobs);
  const failed = state && (await client.laterFailure(place, state));
  const running = state?.running
    ? await runningText(client, state.running, state.queue.length, placeArguments(options))
    : [];
  return {
    away,
    document: {
      stack: stack.name,
      environment: stack.environment,
      release,
      running: state?.running,
      queued: state?.queue.length ?? 0,
      ...(failed && { failed: failureDocument(failed) }),
      freeze: state?.freeze,
      breaker: state?.breaker,
      watch: state?.watch,
      watchPause: state?.watchPause,
      ...(Object.keys(loadBalancer).length > 0 && { loadBalancer }),
      wanted,
      instances: found,
      ...(away.length > 0 && { hostsAway: away }),
    },
    lines: [
      `${paint.bold(`${stack.name}/${stack.environment}`)}  ${aboutText(release, contents).join('  ')}`,
      ...balancing.lines,
      ...(failed ? [paint.red(laterFailureText(failed, placeArguments(options)))] : []),
      ...[...balancing.troubles, ...stateText(state), ...running].map(paint.yellow),
      ...(found.length > 0 || Object.keys(wanted).length > 0 ? statusTable(found, wanted, width) : []),
    ],
  };
}

function failureDocument({ deployment, outcome, endedAt, result }: LaterFailure): object {
  const { intent, requestedBy, reason, cause: { evidence: _, ...cause } = {} } = result ?? {};
  return { deployment, outcome, endedAt, intent, requestedBy, reason, ...(result?.cause && { cause }) };
}

function aboutText(release: number | undefined, contents: ReleaseSummary | undefined): string[] {
  if (!contents) return ['nothing deployed'];
  const variables = Object.entries(contents.variables).map(([name, value]) => `${name}=${value}`);
  return [`release ${release}`, ...variables, `by ${contents.requestedBy}`, ago(new Date(contents.at))];
}

function stateText(state: EnvironmentState | undefined): string[] {
  if (!state) return [];
  return [...frozenText(state.freeze), ...(state.breaker ? breakerText(state.breaker) : []), ...watchText(state)];
}

/** The replicas of the services of a release; a job has none of its own, nor a completed service that was removed. */
function wantedOf(
  contents: ReleaseSummary | undefined,
  found: Answers['found'],
  jobs: EnvironmentState['jobs'] = {},
): Wanted {
  const isDone = (name: string) => jobs[name] !== undefined && !found.some(({ service }) => service === name);
  const services = Object.values(contents?.services ?? {}).filter(
    ({ name, kind, mayComplete }) => kind !== 'job' && !(mayComplete && isDone(name)),
  );
  return Object.fromEntries(services.map(({ name, replicas }) => [name, replicas]));
}

async function runningText(
  client: DeployCodeClient,
  { workflowId, deployment }: { workflowId: string; deployment: number },
  queued: number,
  place: string,
): Promise<string[]> {
  const missing = await client.builds.missing(workflowId);
  if (missing !== undefined)
    return [
      `deployment ${deployment} cannot continue: no worker runs its build ${missing} any more`,
      `  start a worker of that build, or: deploy-code worker adopt ${deployment}${place}`,
    ];
  const waiting = waitingText(await client.handle(workflowId).progress(), place);
  return [
    `deployment ${deployment} ` +
      `${waiting.length > 0 ? 'waits' : 'runs'}${queued > 0 ? `, ${queued} queued behind it` : ''}`,
    ...waiting,
  ];
}
