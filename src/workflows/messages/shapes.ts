import { intentKinds } from '../../model/deployment';
import type { HostClaim, HostPlace, HostReport } from '../../model/host';
import type { ScheduleSpec } from '../../model/schedule';
import type { BreakerSettings, FreezeWindow, Stack, StackSecurity } from '../../model/stack';
import { roles } from '../../model/access';
import type { Front } from '../../model/traffic';
import type { Asked } from '../../plan/asked';
import type { SlotClaim } from '../../activities/contract';
import type { DeploymentInput, RedeployInput } from './deployment';
import type { EnvironmentState, JoinRequest } from './environment';
import type { FleetState } from './fleet';
import type { ReleaseContents } from './release';
import { runtimeNames } from '../../model/runtimes';
import { accessState, blockedSources, grant, tokenIssue, tokenRevocation, tokenUses, withdrawal } from './access';
import {
  exchangeRecord,
  keyPublication,
  sessionOpening,
  sessionRefresh,
  sessionRevocation,
  subjectEnd,
} from './access/sessions';
import { codeIssue, codeRedemption, deviceDecision, deviceRedemption, deviceRequest } from './access/sign-in';
import {
  factorRemoval,
  keyOffer,
  logIn,
  passkeyAddition,
  passkeyUse,
  passwordChange,
  passwordRenewal,
  recoveryCodes,
  recoveryUse,
  redemption,
  secondFactorRule,
  threat,
  totpOffer,
  totpUse,
  userAddition,
  userChange,
  userInvitation,
  usersState,
} from './access/users';
import { act, author, reason } from './act';
import { appliedRuns, committed, finished, go, queued } from './environment';
import { slotWord } from './fleet';
import { freeze } from './freeze';
import { hostWord } from './host';
import { place } from './place';
import { amendment, answer, cancel, steer } from './progress';
import { registriesState, registryLogin, registryLogout } from './registry';
import { session } from './session';
import { fields, listOf, named, oneOf, only, optional, partOf, recordOf } from './shape';
import { removeSecret, resealedSecrets, storedSecret, storeSecret } from './stored-secrets';
import { certificatesState, certificateWish } from './traffic/certificates';
import { routeClaim, routeSettlement, sharedBalancerState } from './traffic/shared-balancer';
import { watchPause } from './watch';

/** The shapes of all messages to workflows. */

const runtime = oneOf(...runtimeNames);
const whenBusy = oneOf('queue', 'supersede', 'reject');

const window = partOf<FreezeWindow>({ from: 'number', to: 'number', timeZone: 'text', text: 'text', refuse: 'flag' });

const breaker = partOf<BreakerSettings>({ threshold: 'number', recoveryMs: 'number' });

const asked = partOf<Asked>({
  by: author,
  reason: reason,
  intent: 'text',
  at: 'number',
  whenBusy,
  force: 'flag',
  automatic: 'flag',
  breaker,
  windows: optional(listOf(window)),
  window: optional(fields({ text: 'text', until: 'number', refuse: 'flag' })),
});

const reserve = recordOf('number');

/** Fields of the load balancer that reach its configuration and folders. */
const front = partOf<Front>({
  routes: listOf(
    fields({
      key: named('route'),
      service: named('service'),
      port: 'number',
      listen: 'number',
      host: optional(named('hostname')),
      path: named('path'),
      tls: optional(
        fields({ certificate: optional(named('secret')), key: optional(named('secret')), automatic: optional('flag') }),
      ),
      timeoutMs: 'number',
    }),
  ),
  redirects: listOf(fields({ from: 'number', to: 'number' })),
  certificates: listOf(fields({ name: named('secret'), file: named('secret') })),
  trustedProxies: optional(listOf(named('range'))),
  automatic: optional(
    fields({
      port: 'count',
      hosts: listOf(named('hostname')),
      directory: optional('text'),
      email: optional('text'),
    }),
  ),
  shared: optional(fields({ port: 'count', tlsPort: optional('count') })),
});

/**
 * Fields of a stack that reach ids, queries and paths, and those needed to check its size.
 */
const stack = partOf<Stack>({
  name: named('stack'),
  environment: named('environment'),
  runtime,
  services: recordOf(fields({ name: named('service'), replicas: 'number', envFiles: listOf('text') })),
  configs: recordOf(fields({ content: 'text' })),
  deployment: fields({ maxParallel: 'number', platformTimeoutMs: 'number' }),
  hosts: optional(listOf(fields({ name: named('host') }))),
  subscribers: optional(
    listOf(
      fields({
        name: 'text',
        events: listOf('text'),
        target: fields({ kind: oneOf('webhook', 'slack', 'redis', 'github', 'email') }),
      }),
    ),
  ),
  front: optional(front),
  security: optional(
    partOf<StackSecurity>({
      auth: optional('flag'),
      roles: optional(listOf(oneOf(...roles))),
      tls: optional('flag'),
      deployers: optional(listOf(named('subject'))),
      fourEyes: optional('flag'),
    }),
  ),
  infrastructure: fields({ cluster: optional(fields({ namespace: optional(named('namespace')) })) }),
});

const deployments = listOf('deployment');

/** The state that an environment passes to its next run on continue-as-new. */
const environmentState = partOf<EnvironmentState>({
  place,
  runtime,
  numbers: fields({ deployment: 'number', release: 'number' }),
  current: optional(fields({ deployment: 'number', release: optional('number') })),
  releases: listOf('number'),
  jobs: recordOf('text'),
  applied: optional(appliedRuns),
  runs: listOf(fields({ service: named('service'), deployment: 'number' })),
  running: optional(fields({ workflowId: 'deployment', deployment: 'number' })),
  queue: listOf(fields({ workflowId: 'deployment', runtime })),
  recent: listOf(fields({ deployment: 'number', outcome: 'text' })),
  secrets: optional(recordOf(storedSecret)),
  statements: optional('flag'),
  refused: optional(fields({ count: 'count', why: 'text' })),
});

const scheduleSpec = partOf<ScheduleSpec>({
  name: named('schedule'),
  cron: listOf('text'),
  everyMs: optional('number'),
  timeZone: 'text',
  jitterMs: 'number',
  what: fields({ kind: oneOf('deploy', 'restart', 'run'), services: optional(listOf('text')), job: optional('text') }),
});

/** The shapes of workflow inputs. */
export const inputs = {
  deployment: partOf<DeploymentInput>({
    stack,
    intent: fields({
      kind: oneOf(...intentKinds),
      force: 'flag',
      services: optional(listOf('text')),
    }),
    taskQueue: 'text',
    requestedBy: author,
    requestedFrom: optional(author),
    reason: reason,
    whenBusy: optional(whenBusy),
    automatic: optional('flag'),
    followsCurrent: optional('flag'),
    images: optional(recordOf(named('image'))),
    commit: optional(named('commit')),
    insteadOf: optional('number'),
    basedOn: optional('count'),
    target: optional('number'),
  }),
  environment: place,
  environmentState: optional(environmentState),
  fleet: optional(partOf<FleetState>({ limit: 'number', holders: deployments, waiting: deployments })),
  host: partOf<HostPlace>({ runtime, name: optional(named('host')) }),
  accessState,
  usersState,
  registriesState,
  sharedBalancerState,
  certificatesState: optional(certificatesState),
  inspect: fields({
    kind: oneOf('plan', 'status', 'logs', 'exec', 'audit', 'engines', 'volumes', 'remove-volume'),
    stack,
    taskQueue: 'text',
    act: optional(act),
    session: optional(session),
  }),
  release: partOf<ReleaseContents>({
    release: 'number',
    deployment: 'number',
    stack,
    requestedBy: author,
    reason: reason,
    at: 'number',
    jobs: listOf(fields({ service: named('service'), hash: 'text' })),
    seal: optional('text'),
  }),
  act: fields({
    kind: oneOf('act'),
    place: fields({ stack: named('stack'), environment: named('environment'), folder: optional('text') }),
    what: 'text',
    taskQueue: 'text',
    act: optional(act),
  }),
  sealingKey: fields({
    kind: oneOf('sealing-key'),
    place: fields({ stack: named('stack'), environment: named('environment') }),
    taskQueue: 'text',
  }),
  trail: fields({
    kind: oneOf('trail'),
    place: fields({ stack: named('stack'), environment: named('environment') }),
    last: 'count',
    before: optional('count'),
    taskQueue: 'text',
  }),
  hook: fields({
    kind: oneOf('hook'),
    place,
    release: 'count',
    trigger: named('trigger'),
    delivery: fields({ headers: recordOf('text'), credential: optional(named('digest')), body: 'text' }),
    taskQueue: 'text',
  }),
  reseal: fields({
    kind: oneOf('reseal'),
    place: fields({ stack: named('stack'), environment: named('environment'), folder: optional('text') }),
    secrets: recordOf(named('ciphertext')),
    taskQueue: 'text',
    act: optional(act),
  }),
  redeploy: partOf<RedeployInput>({ place, spec: scheduleSpec, statement: optional('text') }),
} as const;

export const shapes = {
  join: partOf<JoinRequest>({
    workflowId: 'deployment',
    runtime,
    hosts: optional(listOf(named('host'))),
    namespace: optional(named('namespace')),
    asked: optional(asked),
    statements: optional('flag'),
  }),
  leave: 'deployment',
  committed,
  finished,
  audited: only({ sequence: 'count', hash: 'text', folder: optional('text'), place: optional(oneOf('database')) }),
  freeze,
  pauseWatch: watchPause,
  storeSecret,
  removeSecret,
  resealedSecrets,
  registryLogin,
  registryLogout,
  grant,
  withdrawal,
  tokenIssue,
  tokenRevocation,
  tokenUses,
  blockedSources,
  sessionOpening,
  sessionRefresh,
  sessionRevocation,
  subjectEnd,
  keyPublication,
  exchangeRecord,
  codeIssue,
  codeRedemption,
  deviceRequest,
  deviceDecision,
  deviceRedemption,
  userAddition,
  userInvitation,
  userChange,
  secondFactorRule,
  redemption,
  passwordChange,
  logIn,
  passwordRenewal,
  totpOffer,
  totpUse,
  recoveryUse,
  recoveryCodes,
  passkeyAddition,
  passkeyUse,
  factorRemoval,
  threat,
  keyOffer,
  act,
  go,
  claim: partOf<SlotClaim>({ workflowId: 'deployment', limit: 'number' }),
  slot: slotWord,
  hostClaim: partOf<HostClaim>({
    workflowId: 'deployment',
    by: author,
    round: 'number',
    seenAt: 'number',
    ports: listOf('text'),
    reserve,
  }),
  hostReport: partOf<HostReport>({ workflowId: 'deployment', kept: 'flag', trouble: optional('text'), breaker }),
  hostWord,
  routeClaim,
  routeSettlement,
  certificateWish,
  queued,
  turnedAway: 'text',
  cancel,
  answer,
  steer,
  amendment,
} as const;
