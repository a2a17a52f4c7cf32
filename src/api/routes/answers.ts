import { z } from 'zod';
import { intentKinds, outcomes, statuses } from '../../model/deployment';
import { answerOf, named, place as inAddress } from '../route';

/** What several routes answer with. Times are in ms since the epoch, unless they are text. */

export const ms = z.number();
/** A moment in ISO 8601. */
export const time = z.iso.datetime();
const names = z.array(z.string());

export const place = named('Place', inAddress);

/** Hosts that could not be asked. */
export const away = z.array(named('AwayHost', answerOf({ host: z.string(), reason: z.string() })));

const cause = named(
  'Cause',
  answerOf({
    service: z.string().optional(),
    step: z.string(),
    title: z.string().optional(),
    message: z.string(),
    evidence: answerOf({
      exitCode: z.int().optional(),
      outOfMemory: z.boolean().optional(),
      lastProbeError: z.string().optional(),
      logs: names.describe('the last log lines'),
      logLines: z.int().optional(),
    }).optional(),
  }),
);

export const refusal = named(
  'Refusal',
  answerOf({ path: z.string(), message: z.string(), forceable: z.boolean().optional() }),
);

/** A plan, as it is shown. */
export const plan = named(
  'Plan',
  answerOf({
    stack: z.string(),
    environment: z.string(),
    host: z.string(),
    deployment: z.int(),
    release: answerOf({ from: z.int().optional(), to: z.int() }),
    phases: z.array(
      answerOf({
        number: z.int(),
        kind: z.string(),
        services: z.array(
          answerOf({
            name: z.string(),
            kind: z.string(),
            action: z.string(),
            replicas: z.int(),
            changes: z.array(answerOf({ key: z.string(), from: z.string().optional(), to: z.string().optional() })),
            notes: names,
            interruptionMs: ms,
            steps: z.array(answerOf({ id: z.string(), title: z.string() })),
            host: z.string().optional(),
            rollout: names.optional(),
          }),
        ),
      }),
    ),
    preparation: names,
    pulls: names,
    changes: z.boolean(),
    warnings: names,
    newVolumes: names,
    estimateMs: ms,
  }),
);

const event = named(
  'DeploymentEvent',
  answerOf({
    sequence: z.int().describe('counts from 1'),
    code: z.string(),
    at: ms,
    step: answerOf({
      id: z.string(),
      kind: z.string(),
      title: z.string(),
      service: z.string().optional(),
      phase: z.int().optional(),
    }).optional(),
    data: answerOf({}),
  }),
);

/** A deployment that runs, or has ended. */
export const deployment = named(
  'Deployment',
  answerOf({
    id: z.string(),
    status: z.enum(statuses),
    deployment: z.int().optional().describe('its number, once it has one'),
    behind: z.int().optional().describe('the deployment that it waits for'),
    held: z.string().optional().describe('the freeze, circuit breaker or limit that it waits for'),
    plan: plan.optional(),
    events: z.array(event),
    question: answerOf({ id: z.string(), text: z.string(), answers: names }).optional(),
    approvals: z.array(answerOf({ title: z.string(), service: z.string().optional() })).optional(),
    failure: answerOf({ cause, until: ms }).optional().describe('it waits for a decision until then'),
    failing: answerOf({ cause, jobs: names }).optional().describe('it waits for jobs that finish first'),
    steerable: names.optional().describe('the actions of people that apply now'),
    authors: names.optional().describe('with four eyes: who may not approve it'),
    cause: cause.optional(),
  }),
);

/** How a deployment has ended. */
export const deploymentResult = named(
  'DeploymentResult',
  answerOf({
    outcome: z.enum(outcomes),
    intent: z.enum(intentKinds),
    requestedBy: z.string(),
    reason: z.string().optional(),
    deployment: z.int().optional(),
    release: z.int().optional().describe('that runs now'),
    cause: cause.optional(),
    refusals: z.array(refusal),
    warnings: names,
    tolerated: z.array(cause),
    notUndone: names,
    leftBehind: names,
    forcedPast: z.string().optional(),
    changed: names.describe('services'),
    durationMs: ms,
    rollbackMs: ms.optional(),
  }),
);

/** A deployment in the history. */
export const deploymentEntry = named(
  'DeploymentEntry',
  answerOf({
    id: z.string(),
    deployment: z.int().optional(),
    release: z.int().optional(),
    status: z.string(),
    startedAt: time,
    endedAt: time.optional(),
    result: deploymentResult.optional(),
    asked: answerOf({ by: z.string(), intent: z.enum(intentKinds), reason: z.string().optional() }).optional(),
  }),
);

export const freeze = named(
  'Freeze',
  answerOf({ by: z.string(), at: ms, reason: z.string().optional(), until: ms.optional(), refuse: z.boolean() }),
);
export const watchPause = named(
  'WatchPause',
  answerOf({ by: z.string(), reason: z.string().optional(), until: ms.optional() }),
);

const asked = answerOf({ by: z.string(), intent: z.enum(intentKinds), reason: z.string().optional(), at: ms });
const breaker = named('Breaker', answerOf({ failures: z.int(), openedAt: ms.optional() }));
/** What waits for its turn in an environment, and what holds it. */
export const queueFields = {
  running: answerOf({ workflowId: z.string(), deployment: z.int(), asked: asked.optional() }).optional(),
  queue: z.array(answerOf({ workflowId: z.string(), asked: asked.optional() })),
  freeze: freeze.optional(),
  breaker: breaker.optional(),
};

/** The state of an environment. */
export const environment = named(
  'Environment',
  answerOf({
    place,
    runtime: z.string(),
    numbers: answerOf({ deployment: z.int(), release: z.int() }),
    current: answerOf({ deployment: z.int(), release: z.int().optional(), at: ms.optional() }).optional(),
    releases: z.array(z.int()),
    ...queueFields,
    watchPause: watchPause.optional(),
    schedules: names.optional(),
    recent: z.array(
      answerOf({ deployment: z.int(), outcome: z.enum([...outcomes, 'lost']), release: z.int().optional() }),
    ),
  }),
);

export const release = named(
  'Release',
  answerOf({
    release: z.int(),
    deployment: z.int(),
    requestedBy: z.string(),
    reason: z.string().optional(),
    at: ms,
    variables: z.record(z.string(), z.string()),
    services: z.record(
      z.string(),
      answerOf({ name: z.string(), kind: z.string(), image: z.string().optional(), replicas: z.int() }),
    ),
  }),
);

/** A trail of records, each chained to the one before. */
export const auditFields = {
  records: z.array(
    named(
      'AuditRecord',
      answerOf({
        sequence: z.int(),
        id: z.string(),
        at: ms,
        by: z.string(),
        from: z.string().optional(),
        what: z.string(),
        why: z.string().optional(),
        result: z.string(),
        deployment: z.int().optional(),
        previous: z.string(),
        hash: z.string(),
      }),
    ),
  ),
  total: z.int(),
  broken: z.string().optional().describe('where the chain is broken'),
  proof: names.optional().describe('which records are proven'),
};

export const sealingKey = named('SealingKey', answerOf({ id: z.string(), publicKey: z.string() }));
