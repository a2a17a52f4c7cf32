import { ApplicationFailure } from '@temporalio/workflow';
import { failureTypes, type AuditPlace, type InstanceLog, type LogTimes } from '../activities/contract';
import { longestSessionMs, type SessionRequest } from '../model/session';
import type { Stack } from '../model/stack';
import type { AuditHead, AuditTrail } from '../model/audit';
import type { HookDelivery, HookVerdict } from '../model/hooks';
import type { SealingKey } from '../model/instance';
import type { PinnedImages } from '../model/images';
import type { InstanceLine } from '../model/instance-status';
import type { Observation, ObservedInstance, ObservedVolume } from '../model/observation';
import type { Intent, Refusal } from '../plan/plan';
import { planOver } from '../plan/planner';
import type { AppliedRuns } from '../plan/service/job-runs';
import { isUnnamed } from '../model/stack/mounted-volumes';
import { counted } from '../model/text';
import { activity } from './support/activity-options';
import { admit, admitSize } from './support/admit';
import { askEach, hostsOf, listInstances, observeHosts, type Answers, type HostQueue } from './hosts';
import { keepMailbox } from './support/session-mailbox';
import { contextOf } from './support/step-context';
import { summarise } from './deployment/report/summary';
import type { Act, PlanSummary, Place } from './messages';
import { auditPlaceOf, recordAct } from './support/recorded-act';
import { reseal, type ResealRequest } from './support/reseal';
import { inputs } from './messages/shapes';

export interface PlanRequest {
  kind: 'plan';
  stack: Stack;
  intent: Intent;
  pinned: PinnedImages;
  deployment: number;
  release: { from?: number; to: number };
  jobs: Record<string, string>;
  applied?: AppliedRuns;
  taskQueue: string;
}

export interface LogsRequest {
  kind: 'logs';
  services: string[];
  tail: number;
  after: Record<string, string>;
  times?: LogTimes;
  taskQueue: string;
  stack: Stack;
}

export interface ExecRequest {
  kind: 'exec';
  stack: Stack;
  instance: string;
  command: string[];
  taskQueue: string;
  act?: Act;
  /** Set: input and output pass while the command runs; otherwise the result has the output. */
  session?: SessionRequest;
}

/** A request to a trigger of a release, which a worker verifies. */
export interface HookRequest {
  kind: 'hook';
  place: Place;
  release: number;
  trigger: string;
  delivery: HookDelivery;
  taskQueue: string;
}

export type InspectInput =
  | PlanRequest
  | { kind: 'status'; stack: Stack; taskQueue: string }
  | LogsRequest
  | ExecRequest
  | { kind: 'act'; place: AuditPlace; what: string; taskQueue: string; act?: Act }
  | { kind: 'sealing-key'; place: Place; taskQueue: string }
  | HookRequest
  | ResealRequest
  | { kind: 'trail'; place: Place; last: number; before?: number; known?: AuditHead; taskQueue: string }
  | { kind: 'audit'; stack: Stack; last: number; before?: number; known?: AuditHead; taskQueue: string }
  | { kind: 'engines'; stack: Stack; taskQueue: string }
  | { kind: 'volumes'; stack: Stack; taskQueue: string }
  | { kind: 'remove-volume'; stack: Stack; name: string; taskQueue: string; act?: Act };

/** A question about one stack. */
type StackQuestion = Extract<InspectInput, { stack: Stack }>;

/** A volume of an environment. `unnamed`: an anonymous volume of an image. */
export interface VolumeLine {
  name: string;
  unnamed: boolean;
  mountedBy: string[];
  /** Set if the stack names hosts. */
  host?: string;
}

/** A host of a stack. `engine`: the ID of its container engine, as `docker info` shows it. */
export interface EngineLine {
  host: string;
  engine?: string;
}

export interface InspectResults {
  plan: { plan: PlanSummary; refusals: Refusal[] };
  status: Answers<InstanceLine>;
  logs: Answers<InstanceLog>;
  exec: { exitCode: number; output: string; isCut?: boolean };
  act: undefined;
  trail: AuditTrail;
  audit: AuditTrail;
  engines: Answers<EngineLine>;
  volumes: Answers<VolumeLine>;
  'remove-volume': undefined;
  'sealing-key': SealingKey;
  hook: HookVerdict;
  /** Names of the secrets that were sealed anew. */
  reseal: string[];
}

/** Answers one question of a client about an environment. Clients never touch runtimes. */
export async function inspect(input: InspectInput): Promise<InspectResults[InspectInput['kind']]> {
  admit(input, shapeOf(input), 'inspect');
  const { taskQueue } = input;
  if (input.kind === 'act') return recordAct(input.place, taskQueue, input.what, input.act) as Promise<undefined>;
  if (input.kind === 'sealing-key') return activity('sealingKey', taskQueue, 'the key to seal values with')();
  if (input.kind === 'reseal') return reseal(input);
  if (input.kind === 'trail') return readAudit(input.place, input);
  if (input.kind === 'hook') {
    const { place, release, trigger, delivery } = input;
    return activity('readHook', taskQueue, `verify a request to the trigger ${trigger}`)(
      place,
      release,
      trigger,
      delivery,
    );
  }
  const { stack } = input;
  switch (input.kind) {
    case 'plan': {
      admitSize(stack);
      const observed = await observeHosts({
        stack,
        pinned: input.pinned,
        taskQueue,
        summary: 'observe the hosts',
        closely: input.intent.kind === 'repair',
      });
      const { plan, refusals } = planOver(input, observed);
      return { plan: summarise(plan), refusals };
    }
    case 'status':
      return status(input);
    case 'logs':
      return logs(input);
    case 'exec':
      return exec(input);
    case 'audit':
      return readAudit(auditPlaceOf(stack), input);
    case 'engines':
      return engines(input);
    case 'volumes':
      return volumes(input);
    case 'remove-volume': {
      await recordAct(auditPlaceOf(stack), taskQueue, `volume rm ${input.name}`, input.act);
      const host = await hostOf(input, ({ volumes }) => volumes.some(({ name }) => name === input.name));
      return activity(
        'removeVolume',
        host.taskQueue,
        `remove volume ${input.name}`,
      )(contextOf(stack, 0), input.name) as Promise<undefined>;
    }
  }
}

function shapeOf(input: InspectInput) {
  if (input?.kind === 'act') return inputs.act;
  if (input?.kind === 'reseal') return inputs.reseal;
  if (input?.kind === 'trail') return inputs.trail;
  if (input?.kind === 'hook') return inputs.hook;
  return input?.kind === 'sealing-key' ? inputs.sealingKey : inputs.inspect;
}

async function exec({
  stack,
  taskQueue,
  instance,
  command,
  act,
  session,
}: ExecRequest): Promise<InspectResults['exec']> {
  if (session) keepMailbox();
  await recordAct(auditPlaceOf(stack), taskQueue, `exec ${instance}: ${command.join(' ')}`, act);
  const host = await hostOf({ stack, taskQueue }, ({ instances }) => instances.some(({ name }) => name === instance));
  const title = `run ${command[0]} in ${instance}`;
  const context = contextOf(stack, 0);
  if (!session) return activity('runCommand', host.taskQueue, title)(context, instance, command, longestSessionMs);
  return {
    exitCode: await activity('converse', host.taskQueue, title)(context, instance, command, session),
    output: '',
  };
}

async function status({ stack, taskQueue }: StackQuestion): Promise<Answers<InstanceLine>> {
  return askEach(hostsOf(stack, taskQueue), async ({ name, taskQueue: queue }) =>
    (await activity('describeInstances', queue, 'inspect all instances')(stack)).map((line) => onHost(line, name)),
  );
}

function readAudit(
  place: AuditPlace,
  { taskQueue, last, known, before }: { taskQueue: string; last: number; known?: AuditHead; before?: number },
): Promise<AuditTrail> {
  return activity('readAudit', taskQueue, 'read the audit trail')(place, last, known, before);
}

async function logs({ stack, taskQueue, services, tail, after, times }: LogsRequest): Promise<Answers<InstanceLog>> {
  const views = await listInstances(stack, taskQueue, 'find the instances');
  const read = await askEach(views.found, async ({ taskQueue: queue, observation: { instances } }) => {
    const wanted = instances.filter(({ service }) => services.length === 0 || services.includes(service));
    const found = await activity('readLogs', queue, `read the logs of ${counted(wanted.length, 'instance')}`)(
      contextOf(stack, 0),
      wanted.map(({ name }) => name),
      tail,
      after,
      ...(times ? [times] : []),
    );
    const byName = new Map(wanted.map(({ name, service, ordinal }) => [name, { service, ordinal }]));
    return found.map((log) => ({ ...log, ...byName.get(log.name) }));
  });
  return { found: read.found, away: [...views.away, ...read.away] };
}

async function engines({ stack, taskQueue }: StackQuestion): Promise<Answers<EngineLine>> {
  const { found, away } = await listInstances(stack, taskQueue, 'find the engines');
  return {
    away,
    found: found.map(({ observation: { capacity } }) => ({ host: capacity.host, engine: capacity.engine })),
  };
}

async function volumes({ stack, taskQueue }: StackQuestion): Promise<Answers<VolumeLine>> {
  const { found, away } = await listInstances(stack, taskQueue, 'find the volumes');
  const owner = `${stack.name}/${stack.environment}`;
  return {
    away,
    found: found.flatMap(({ name, observation }) =>
      listVolumes(observation.volumes, observation.instances, owner).map((line) => onHost(line, name)),
    ),
  };
}

/**
 * The host that has an instance or a volume; if none has it, the first host, whose activity then reports the error.
 * @throws ApplicationFailure if it may be on an unavailable host
 */
async function hostOf(
  { stack, taskQueue }: Pick<StackQuestion, 'stack' | 'taskQueue'>,
  has: (seen: Observation) => boolean,
): Promise<HostQueue> {
  if (!stack.hosts) return { taskQueue };
  const { found, away } = await listInstances(stack, taskQueue, 'find its host');
  const host = found.find(({ observation }) => has(observation));
  if (!host && away.length > 0)
    throw ApplicationFailure.nonRetryable(
      `it may be on a host that is away: ${away.map(({ host: name, reason }) => `${name}: ${reason}`).join('; ')}`,
      failureTypes.platform,
    );
  return host ?? found[0]!;
}

function onHost<L extends object>(line: L, host: string | undefined): L {
  return host === undefined ? line : { ...line, host };
}

function listVolumes(volumes: ObservedVolume[], instances: ObservedInstance[], owner: string): VolumeLine[] {
  const users = new Map<string, string[]>();
  for (const { name, mounts } of instances)
    for (const mount of mounts)
      if (mount.type === 'volume') users.set(mount.volume, [...(users.get(mount.volume) ?? []), name]);
  const named = volumes
    .filter((volume) => volume.owner === owner)
    .map(({ name }) => ({ name, unnamed: false, mountedBy: users.get(name) ?? [] }));
  const unnamed = [...users]
    .filter(([name]) => isUnnamed(name))
    .map(([name, mountedBy]) => ({ name, unnamed: true, mountedBy }));
  return [...named, ...unnamed];
}
