import { runtimeNames } from '../../model/capabilities';
import { longestAuthor, longestReason } from '../../model/text';
import { fields, line, listOf, named, oneOf, only, optional, recordOf } from './shape';

/** The shapes of every message that a workflow takes. */

const author = line(longestAuthor);
const reason = line(longestReason);

const runtime = oneOf(...runtimeNames);
const whenBusy = oneOf('queue', 'supersede', 'reject');
const outcome = oneOf(
  'succeeded',
  'unchanged',
  'refused',
  'rolled_back',
  'left_as_is',
  'rollback_incomplete',
  'cancelled',
);

const window = fields({ from: 'number', to: 'number', timeZone: 'text', text: 'text', refuse: 'flag' });

const breaker = fields({ threshold: 'number', recoveryMs: 'number' });

const asked = fields({
  by: author,
  reason: optional(reason),
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

const act = only({ by: author, from: optional(author) });

const place = fields({ stack: named('stack'), environment: named('environment') });

/** What of the load balancer stands in its configuration and its folders. */
const front = fields({
  routes: listOf(
    fields({
      key: named('route'),
      service: named('service'),
      port: 'number',
      listen: 'number',
      host: optional(named('hostname')),
      path: named('path'),
      tls: optional(fields({ certificate: named('secret'), key: named('secret') })),
      timeoutMs: 'number',
    }),
  ),
  redirects: listOf(fields({ from: 'number', to: 'number' })),
  certificates: listOf(fields({ name: named('secret'), file: named('secret') })),
  trustedProxies: optional(listOf(named('range'))),
});

/**
 * What of a stack names something, and so reaches ids, queries and paths; and what is counted before anything else is.
 */
const stack = fields({
  name: named('stack'),
  environment: named('environment'),
  runtime,
  services: recordOf(fields({ name: named('service'), replicas: 'number', envFiles: listOf('text') })),
  configs: recordOf(fields({ content: 'text' })),
  deployment: fields({ maxParallel: 'number', platformTimeoutMs: 'number' }),
  hosts: optional(listOf(fields({ name: named('host') }))),
  subscribers: optional(
    listOf(
      fields({ name: 'text', events: listOf('text'), target: fields({ kind: oneOf('webhook', 'slack', 'redis') }) }),
    ),
  ),
  front: optional(front),
  infrastructure: fields({ cluster: optional(fields({ namespace: optional(named('namespace')) })) }),
});

const deployments = listOf('deployment');

/** What an environment remembers when its history grows too long: it hands it to its own next run. */
const environmentState = fields({
  place,
  runtime,
  numbers: fields({ deployment: 'number', release: 'number' }),
  current: optional(fields({ deployment: 'number', release: optional('number') })),
  releases: listOf('number'),
  jobs: recordOf('text'),
  runs: listOf(fields({ service: named('service'), deployment: 'number' })),
  running: optional(fields({ workflowId: 'deployment', deployment: 'number' })),
  queue: listOf(fields({ workflowId: 'deployment', runtime })),
  recent: listOf(fields({ deployment: 'number', outcome: 'text' })),
});

const scheduleSpec = fields({
  name: named('schedule'),
  cron: listOf('text'),
  everyMs: optional('number'),
  timeZone: 'text',
  jitterMs: 'number',
  what: fields({ kind: oneOf('deploy', 'restart', 'run'), services: optional(listOf('text')), job: optional('text') }),
});

/** The shapes of what workflows are started with. */
export const inputs = {
  deployment: fields({
    stack,
    intent: fields({
      kind: oneOf('deploy', 'rollback', 'stop', 'restart', 'run', 'repair'),
      force: 'flag',
      services: optional(listOf('text')),
    }),
    taskQueue: 'text',
    requestedBy: author,
    requestedFrom: optional(author),
    reason: optional(reason),
    whenBusy: optional(whenBusy),
    automatic: optional('flag'),
    followsCurrent: optional('flag'),
    insteadOf: optional('number'),
    target: optional('number'),
  }),
  environment: place,
  environmentState: optional(environmentState),
  fleet: optional(fields({ limit: 'number', holders: deployments, waiting: deployments })),
  host: fields({ runtime, name: optional(named('host')) }),
  inspect: fields({
    kind: oneOf('plan', 'status', 'logs', 'exec', 'audit', 'volumes', 'remove-volume'),
    stack,
    taskQueue: 'text',
    act: optional(act),
  }),
  release: fields({
    release: 'number',
    deployment: 'number',
    stack,
    requestedBy: author,
    reason: optional(reason),
    at: 'number',
    jobs: listOf(fields({ service: named('service'), hash: 'text' })),
  }),
  act: fields({
    kind: oneOf('act'),
    place: fields({ stack: named('stack'), environment: named('environment'), folder: optional('text') }),
    what: 'text',
    taskQueue: 'text',
    act: optional(act),
  }),
  redeploy: fields({ place, spec: scheduleSpec }),
} as const;

export const shapes = {
  join: fields({
    workflowId: 'deployment',
    runtime,
    hosts: optional(listOf(named('host'))),
    namespace: optional(named('namespace')),
    asked: optional(asked),
  }),
  leave: 'deployment',
  committed: only({ workflowId: 'deployment', deployment: 'count', release: optional('count') }),
  finished: fields({
    workflowId: 'deployment',
    deployment: 'count',
    outcome,
    jobs: listOf(fields({ service: named('service'), hash: 'text' })),
    releases: listOf('count'),
    schedules: optional(listOf(named('schedule'))),
    settings: optional('text'),
    hosts: optional(listOf(named('host'))),
  }),
  audited: only({ sequence: 'count', hash: 'text', folder: optional('text'), place: optional(oneOf('database')) }),
  freeze: only({ by: author, reason: optional(reason), at: 'number', until: optional('number'), refuse: 'flag' }),
  pauseWatch: only({ by: author, reason: optional(reason), until: optional('number') }),
  act,
  go: fields({
    deployment: 'count',
    release: fields({ from: optional('count'), next: 'count' }),
    committed: 'count',
    releases: listOf('count'),
    jobs: recordOf('text'),
    past: optional('text'),
    schedules: optional(listOf(named('schedule'))),
    settings: optional('text'),
    hosts: optional(listOf(named('host'))),
  }),
  claim: fields({ workflowId: 'deployment', limit: 'number' }),
  slot: only({ granted: 'flag', limit: 'number' }),
  hostClaim: fields({
    workflowId: 'deployment',
    by: author,
    round: 'number',
    seenAt: 'number',
    ports: listOf('text'),
    reserve,
  }),
  hostReport: fields({ workflowId: 'deployment', kept: 'flag', trouble: optional('text'), breaker }),
  hostWord: fields({
    host: 'text',
    round: 'number',
    others: listOf(fields({ by: author, ports: listOf('text'), reserve })),
  }),
  queued: only({ behind: optional('count'), held: optional('text') }),
  turnedAway: 'text',
  /** The Temporal UI sends it without a word. */
  cancel: optional(fields({ by: optional(author), killJobs: optional('flag') })),
  answer: only({ question: 'text', answer: 'text', by: author }),
  steer: only({
    action: oneOf('approve', 'reject', 'promote', 'pause', 'resume', 'abort', 'retry'),
    by: author,
    reason: optional(reason),
    service: optional(named('service')),
  }),
  amendment: fields({ services: listOf(fields({ name: named('service') })), by: author, reason: optional(reason) }),
} as const;
