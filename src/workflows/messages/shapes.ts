import { fields, listOf, oneOf, optional, recordOf } from './shape';

/** The shapes of every message that a workflow takes. */

const outcome = oneOf('succeeded', 'unchanged', 'refused', 'rolled_back', 'left_as_is', 'rollback_incomplete', 'cancelled');

const window = fields({ from: 'number', to: 'number', timeZone: 'text', text: 'text', refuse: 'flag' });

const breaker = fields({ threshold: 'number', recoveryMs: 'number' });

const asked = fields({
  by: 'text',
  reason: optional('text'),
  intent: 'text',
  at: 'number',
  whenBusy: oneOf('queue', 'supersede', 'reject'),
  force: 'flag',
  automatic: 'flag',
  breaker,
  windows: optional(listOf(window)),
  window: optional(fields({ text: 'text', until: 'number', refuse: 'flag' })),
});

const reserve = recordOf('number');

export const shapes = {
  join: fields({ workflowId: 'text', runtime: oneOf('docker', 'kubernetes', 'process', 'memory'), hosts: optional(listOf('text')), namespace: optional('text'), asked: optional(asked) }),
  leave: 'text',
  committed: fields({ workflowId: 'text', deployment: 'number', release: optional('number') }),
  finished: fields({
    workflowId: 'text',
    deployment: 'number',
    outcome,
    jobs: listOf(fields({ service: 'text', hash: 'text' })),
    releases: listOf('number'),
    schedules: optional(listOf('text')),
    settings: optional('text'),
    hosts: optional(listOf('text')),
  }),
  audited: fields({ sequence: 'number', hash: 'text', folder: optional('text'), place: optional(oneOf('database')) }),
  freeze: fields({ by: 'text', reason: optional('text'), at: 'number', until: optional('number'), refuse: 'flag' }),
  pauseWatch: fields({ by: 'text', reason: optional('text'), until: optional('number') }),
  go: fields({
    deployment: 'number',
    release: fields({ from: optional('number'), next: 'number' }),
    committed: 'number',
    releases: listOf('number'),
    jobs: recordOf('text'),
    past: optional('text'),
    schedules: optional(listOf('text')),
    settings: optional('text'),
    hosts: optional(listOf('text')),
  }),
  claim: fields({ workflowId: 'text', limit: 'number' }),
  slot: fields({ granted: 'flag', limit: 'number' }),
  hostClaim: fields({ workflowId: 'text', by: 'text', round: 'number', seenAt: 'number', ports: listOf('text'), reserve }),
  hostReport: fields({ workflowId: 'text', kept: 'flag', trouble: optional('text'), breaker }),
  hostWord: fields({ host: 'text', round: 'number', others: listOf(fields({ by: 'text', ports: listOf('text'), reserve })) }),
  queued: fields({ behind: optional('number'), held: optional('text') }),
  turnedAway: 'text',
  /** The Temporal UI sends it without a word. */
  cancel: optional(fields({ by: optional('text'), killJobs: optional('flag') })),
  answer: fields({ question: 'text', answer: 'text', by: 'text' }),
  steer: fields({ action: oneOf('approve', 'reject', 'promote', 'pause', 'resume', 'abort', 'retry'), by: 'text', reason: optional('text'), service: optional('text') }),
  amendment: fields({ services: listOf(fields({ name: 'text' })), by: 'text', reason: optional('text') }),
} as const;
