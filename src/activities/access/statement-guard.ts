import { ApplicationFailure } from '@temporalio/common';
import { sha256 } from '../../guard/access/digest';
import {
  mismatchOf,
  openStatement,
  type Claims,
  type StatementKeys,
  type StatementSigner,
} from '../../guard/access/statement';
import {
  actionOfMessage,
  actionOfStart,
  isOfInstallation,
  keptRelease,
  onlyThroughServer,
  placeOfMessage,
  releaseText,
  requestText,
  type Action,
  type Role,
} from '../../model/access';
import { keepLatest } from '../../guard/bounded';
import { canonical } from '../../model/text/canonical';
import type { Refused } from '../../model/observation';
import type { Stack } from '../../model/stack';
import { demandsStatements, type Policy } from '../../policy';
import type { Admission, MessageToAdmit } from '../contract';
import { SoftwareFault } from '../failures';
import { demandOf, type Demand, type ProtectedEnvironments } from './protected-environments';

export interface StatementSettings {
  /** Public keys of servers; absent: this worker knows none. */
  keys?: StatementKeys;
  /** Public keys of the workers themselves. */
  own: StatementKeys;
  /** Signs what this worker has done itself. */
  signer: StatementSigner;
  memory: ProtectedEnvironments;
  /** The connection to Temporal has no TLS, and leaves this machine. */
  isPlain: boolean;
}

interface Place {
  stack: string;
  environment: string;
}

/** A run of a workflow, as Temporal says it to an activity. */
export interface Execution {
  workflowId: string;
  runId: string;
}

/** How a run of a workflow was started, by the first event of its history. */
export interface Beginning {
  type: string;
  args: unknown[];
  statement?: string;
  /** In ms since the epoch, by the clock of Temporal. */
  at: number;
  /** The first event is that of an earlier run. */
  isReset: boolean;
}

/** A start of a workflow that a statement permits. */
export interface Permission {
  place: Place;
  action: Action;
  input: PermittedInput;
}

interface PermittedInput {
  stack?: Stack;
  place?: Place;
  intent?: { kind?: string; services?: string[] };
  automatic?: boolean;
  basedOn?: number;
  target?: number;
  pinned?: object;
  followsCurrent?: boolean;
}

interface SealedRelease {
  stack: Stack;
  images: object;
  seal?: string;
}

interface Parts {
  settings: StatementSettings;
  policy: Policy;
  beginning: (execution: Execution) => Promise<Beginning>;
  /** A kept release, as Temporal has it. */
  release: (place: Place, release: number) => Promise<SealedRelease | undefined>;
  /** Whether the workflow of an environment says that it takes requests with statements only. */
  isMarked: (place: Place) => Promise<boolean>;
  now?: () => number;
}

const mostRemembered = 2000;
/** What a statement of the engine itself permits, besides automatic deployments. */
const ownActs: ReadonlySet<string> = new Set(['deployment.steer', 'secrets.write']);

/** Decides in the worker which requests an environment takes. It trusts nothing that only Temporal says. */
export class StatementGuard {
  private readonly permissions = new Map<string, Promise<Permission>>();
  /** Runs by the ids of their statements. */
  private readonly used = new Map<string, string>();

  constructor(private readonly parts: Parts) {}

  /** Whether this worker seals the releases that deployments keep. */
  get seals(): boolean {
    return this.parts.settings.keys !== undefined;
  }

  /** The seal of a release. @throws SoftwareFault if the run is no deployment of the environment */
  seal({ stack, environment }: Place, digest: string, { workflowId }: Execution): string {
    if (!workflowId.startsWith(`deployment/${stack}/${environment}/`))
      throw new SoftwareFault(`only a deployment of ${stack}/${environment} keeps a release of it`);
    return this.parts.settings.signer.sign({
      subject: 'service:worker',
      action: keptRelease,
      stack,
      environment,
      request: digest,
    });
  }

  /**
   * Refuses a release of a protected environment that no worker has sealed: whoever reaches Temporal can put one there.
   * @throws SoftwareFault
   */
  requireSeal(place: Place, number: number, { stack, images, seal }: SealedRelease): void {
    if (!this.demand(place)) return;
    const claims = seal === undefined ? undefined : openStatement(seal, this.parts.settings.own);
    const expected = {
      action: keptRelease,
      stack: place.stack,
      environment: place.environment,
      request: sha256(releaseText(number, { stack, images })),
    };
    if (typeof claims === 'object' && !mismatchOf(claims, { ...expected, at: claims.issued })) return;
    throw new SoftwareFault(
      `release ${number} of ${place.stack}/${place.environment} was not kept by a worker with --statement-keys, ` +
        'or was changed since; deploy the stack file again',
    );
  }

  /** What an environment demands of requests; undefined if it takes requests of everybody. */
  demand(place: Place): Demand | undefined {
    const { settings, policy } = this.parts;
    return settings.memory.demand(place) ?? (demandsStatements(policy, place) ? {} : undefined);
  }

  /**
   * Lets a deployment join the queue of its environment; resolves with whether it had to have a statement. `auth`:
   * whether its stack asks for that.
   * @throws SoftwareFault if it has none that permits it
   */
  async join(place: Place, execution: Execution, auth: boolean): Promise<{ required: boolean; always: boolean }> {
    const { settings, policy, isMarked } = this.parts;
    const always = demandsStatements(policy, place);
    const isMarkedToo = settings.keys !== undefined && (await reached(isMarked(place)));
    if (!auth && !isMarkedToo && !this.demand(place)) return { required: false, always };
    const { input } = await this.permit(place, execution);
    if (input.stack?.security?.auth) settings.memory.remember(place, input.stack.security);
    return { required: true, always };
  }

  /**
   * The permission of the run that wants to change an environment.
   * @throws SoftwareFault if its start has no statement that permits it
   */
  async permit(place: Place, execution: Execution): Promise<Permission> {
    const permission = await this.permissionOf(execution, place);
    if (permission.place.stack === place.stack && permission.place.environment === place.environment) return permission;
    throw refusal(place, 'this workflow belongs to another environment');
  }

  /** Remembers what the stack of an environment says, after a deployment of all of it has succeeded. */
  async noteSuccess(place: Place, execution: Execution): Promise<void> {
    const { memory } = this.parts.settings;
    if (!memory.demand(place)) return;
    const { action, input } = await this.permit(place, execution);
    const { intent = {}, followsCurrent, stack } = input;
    const isWhole = (intent.kind === 'deploy' || intent.kind === 'rollback') && !intent.services && !followsCurrent;
    if (action === 'deployment.request' && isWhole) memory.remember(place, stack?.security);
  }

  /** Judges a signal or an update whose workflow asks for it. */
  admit(execution: Execution, { name, isUpdate, digest, statement }: MessageToAdmit): Admission {
    const { settings, now = Date.now } = this.parts;
    const place = placeOfMessage(execution.workflowId);
    const action = place && actionOfMessage(execution.workflowId, name, isUpdate);
    if (!action) return { refused: 'nobody may send this' };
    const demand = isOfInstallation(execution.workflowId) ? undefined : this.demand(place);
    if (!settings.keys && !demand) return {};
    try {
      const claims = this.opened(place, statement);
      this.requireFit(claims, { action, ...place, request: digest, at: now() }, place);
      const mayOwn = ownActs.has(action);
      if (this.isOwn(claims) && !mayOwn) throw refusal(place, 'workers may not ask for this');
      if (!this.isOwn(claims)) requireSubject(claims, place, demand, name === 'amend');
      return { id: claims.id, until: claims.expires };
    } catch (error) {
      if (error instanceof SoftwareFault) return { refused: error.message };
      throw error;
    }
  }

  /** What a stack asks for that this worker cannot hold. */
  refusedIn({ security }: Pick<Stack, 'security'>): Refused[] {
    const { keys, isPlain } = this.parts.settings;
    return [
      ...(security?.auth && !keys ? [{ path: 'security.auth', message: noKeys }] : []),
      ...(security?.tls && isPlain
        ? [
            {
              path: 'security.tls_enabled',
              message:
                'the connection of this worker to Temporal has no TLS; set TEMPORAL_TLS and its certificates, or ' +
                'remove tls_enabled',
            },
          ]
        : []),
    ];
  }

  /** @throws SoftwareFault if a schedule of an environment was not created with a statement */
  requireSchedule(place: Place, { args: [input] }: Beginning): void {
    const { statement, ...schedule } = (input ?? {}) as { statement?: unknown; place?: Place };
    const claims = this.opened(place, typeof statement === 'string' ? statement : undefined);
    const request = sha256(requestText('schedule', 'redeploy', [schedule]));
    this.requireFit(claims, { action: 'schedules.write', ...place, request, at: claims.issued }, place);
    if (!this.isOwn(claims)) requireSubject(claims, place, this.demand(place));
  }

  private permissionOf(execution: Execution, place: Place): Promise<Permission> {
    const { runId } = execution;
    const known = this.permissions.get(runId);
    if (known) return known;
    const permission = this.judge(execution, place);
    keepLatest(this.permissions, runId, permission, mostRemembered);
    permission.catch((error: unknown) => {
      if (!(error instanceof SoftwareFault)) this.permissions.delete(runId);
    });
    return permission;
  }

  private async judge(execution: Execution, wanted: Place): Promise<Permission> {
    const begun = await reached(this.parts.beginning(execution));
    const { type, args, at, isReset } = begun;
    const action = actionOfStart(type, args);
    if (!action || isReset) throw refusal(wanted, 'this workflow was not started by a server');
    const claims = this.opened(wanted, begun.statement);
    const input = (args[0] ?? {}) as PermittedInput;
    const place = input.stack ? { stack: input.stack.name, environment: input.stack.environment } : input.place;
    if (!place) throw refusal(wanted, 'its request names no environment');
    const request = sha256(requestText(execution.workflowId, type, args));
    this.requireFit(claims, { action, stack: place.stack, environment: place.environment, request, at }, wanted);
    if (this.isOwn(claims) && !(action === 'deployment.request' && input.automatic && isOfRelease(input)))
      throw refusal(wanted, 'workers may not ask for this');
    if ((this.used.get(claims.id) ?? execution.runId) !== execution.runId)
      throw refusal(wanted, 'its statement was used before');
    await this.requireOrigin(place, input);
    keepLatest(this.used, claims.id, execution.runId, mostRemembered);
    if (!this.isOwn(claims)) {
      requireSubject(claims, wanted, this.demand(place));
      requireSubject(claims, wanted, input.stack?.security && demandOf(input.stack.security));
    }
    return { place, action, input };
  }

  /** @throws SoftwareFault if a request is not about the kept release that it says it is about */
  private async requireOrigin(place: Place, input: PermittedInput): Promise<void> {
    const { basedOn, stack, pinned = {} } = input;
    if (basedOn === undefined) {
      if (input.followsCurrent || input.target !== undefined) throw refusal(place, 'it does not say which release');
      return;
    }
    const kept = await reached(this.parts.release(place, basedOn));
    if (!kept) throw new SoftwareFault(`release ${basedOn} of ${place.stack}/${place.environment} is not kept`);
    this.requireSeal(place, basedOn, kept);
    const isSame = canonical(stack && withImagesOf(stack, kept.stack)) === canonical(kept.stack);
    const isPinned = Object.keys(pinned).length === 0 || canonical(pinned) === canonical(kept.images);
    if (!isSame || !isPinned) throw refusal(place, `the request is not about release ${basedOn} as it was kept`);
  }

  /** @throws SoftwareFault without a statement of a server that this worker knows */
  private opened(place: Place, statement: string | undefined): Claims {
    const { keys, own } = this.parts.settings;
    if (!keys) throw refusal(place, noKeys);
    if (statement === undefined) throw refusal(place);
    const claims = openStatement(statement, new Map([...keys, ...own]));
    if (typeof claims === 'string') throw refusal(place, claims);
    return claims;
  }

  private requireFit(claims: Claims, expected: Parameters<typeof mismatchOf>[1], place: Place): void {
    const problem = mismatchOf(claims, expected);
    if (problem !== undefined) throw refusal(place, problem);
  }

  private isOwn({ key }: Claims): boolean {
    return this.parts.settings.own.has(key);
  }
}

const noKeys =
  'this worker cannot check statements of servers: start all workers with --statement-keys FILE (docs/access.md)';

/** A stack with the images of another one, where it has the same services. */
function withImagesOf(stack: Stack, { services: others }: Stack): Stack {
  const services = Object.entries(stack.services).map(([name, service]) => {
    const { image: _, ...rest } = service;
    const other = Object.hasOwn(others, name) ? others[name] : undefined;
    return [name, { ...rest, ...(other?.image !== undefined && { image: other.image }) }];
  });
  return { ...stack, services: Object.fromEntries(services) as Stack['services'] };
}

/** A worker deploys nothing but kept releases by itself. */
function isOfRelease({ followsCurrent, intent }: PermittedInput): boolean {
  return followsCurrent === true || intent?.kind === 'rollback';
}

/**
 * `deploys`: the request decides what is deployed; an amendment does, although it steers a deployment.
 * @throws SoftwareFault if the environment does not take a request of this subject
 */
function requireSubject(
  { subject, role, groups = [], action }: Claims,
  place: Place,
  demand: Demand = {},
  deploys = action === 'deployment.request',
): void {
  const where = `${place.stack}/${place.environment}`;
  const { roles, deployers } = demand;
  if (roles && !roles.includes(role as Role))
    throw new SoftwareFault(
      `${where} takes requests only of the roles ${roles.join(', ')} (security.rbac); ` +
        `${subject} has ${role ? `the role ${role}` : 'none of its roles'} there`,
    );
  if (deployers && deploys && ![subject, ...groups].some((each) => deployers.includes(each)))
    throw new SoftwareFault(
      `${where} is deployed only by ${deployers.join(', ')} (security.deployers); ${subject} is none of them`,
    );
}

function refusal(place: Place, why?: string): SoftwareFault {
  return new SoftwareFault(`${onlyThroughServer(place)}${why ? ` (${why})` : ''}`);
}

/** An answer of Temporal; without one, the activity is tried again. */
async function reached<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: Error) => {
    throw ApplicationFailure.retryable(`Temporal does not say how a workflow was started: ${error.message}`);
  });
}
