import { WithStartWorkflowOperation, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { TemporalGateway } from '../activities/dependencies';
import { SoftwareFault } from '../activities/failures';
import type { StatementSigner } from '../guard/access/statement';
import { endIfStuck } from '../temporal/responsiveness';
import { signalEnvironment } from '../temporal/signal-environment';
import { ifRunning, unlessMissing } from '../temporal/unless-missing';
import { deploymentsAbove, keptReleasesOf } from '../temporal/visibility';
import {
  certificatesId,
  claimHostSignal,
  claimRoutesUpdate,
  claimSignal,
  contentsQuery,
  endCertificatesSignal,
  environmentId,
  environmentQuery,
  fleetId,
  fromCommandSignal,
  hostId,
  hostQuery,
  imagesMemo,
  issuedCertificateQuery,
  joinSignal,
  pruneSignal,
  registriesId,
  releaseId,
  sealedLoginQuery,
  sessionQuery,
  reportHostSignal,
  resealedSecretsSignal,
  settleRoutesUpdate,
  sharedBalancerId,
  searchAttributes,
  sharedBalancerQuery,
  taskQueue,
  wishCertificateSignal,
  type CertificatesState,
  type Place,
} from '../workflows/messages';
import type { HostPlace } from '../model/host';
import type { PinnedImages } from '../model/images';
import { beginningOf, startOf } from '../temporal/start-of';
import { createUnattended } from './unattended';

/** How long a pull waits for the login at its registry, in ms; then it is tried again as the platform returns. */
const answerMs = 20_000;

/** The calls of activities to Temporal, over the worker's own client. `signer`: of requests of the engine itself. */
export function createTemporalGateway(client: Client, signer?: StatementSigner): TemporalGateway {
  const { workflow } = client;
  const contentsOf = (stack: string, environment: string, release: number) =>
    unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).query(contentsQuery));
  return {
    ...createUnattended(client, signer),

    join: ({ stack, environment, ...request }) =>
      signalEnvironment(client, { stack, environment }, joinSignal, request),

    beginning: ({ workflowId, runId }) => beginningOf(client, workflowId, runId),

    async demandsStatements(place) {
      const state = await unlessMissing(() => workflow.getHandle(environmentId(place)).query(environmentQuery));
      return state?.statements ?? false;
    },

    passResealed: (place, secrets) =>
      workflow.getHandle(environmentId(place)).signal(resealedSecretsSignal, { secrets }),

    async claimSlot(claim) {
      await workflow.signalWithStart('fleet', {
        workflowId: fleetId,
        taskQueue,
        args: [],
        signal: claimSignal,
        signalArgs: [claim],
        staticSummary: 'slots for parallel deployments',
      });
    },

    async claimHost(place, claim) {
      await workflow.signalWithStart('host', {
        workflowId: hostId(place),
        taskQueue,
        args: [place],
        signal: claimHostSignal,
        signalArgs: [claim],
        staticSummary: summaryOf(place),
      });
    },

    async reportHost(place, report) {
      await workflow.signalWithStart('host', {
        workflowId: hostId(place),
        taskQueue,
        args: [place],
        signal: reportHostSignal,
        signalArgs: [report],
        staticSummary: summaryOf(place),
      });
    },

    hostBreaker: async (id) => (await unlessMissing(() => workflow.getHandle(id).query(hostQuery)))?.breaker,

    claimRoutes: (place, claim) =>
      refusedAsFault(() =>
        workflow.executeUpdateWithStart(claimRoutesUpdate, { args: [claim], startWorkflowOperation: owning(place) }),
      ),

    settleRoutes: (place, settlement) =>
      refusedAsFault(() =>
        settlement.routes?.length
          ? workflow.executeUpdateWithStart(settleRoutesUpdate, {
              args: [settlement],
              startWorkflowOperation: owning(place),
            })
          : unlessMissing(() =>
              workflow.getHandle(sharedBalancerId(place)).executeUpdate(settleRoutesUpdate, { args: [settlement] }),
            ),
      ),

    async sharedClaims(place) {
      const handle = workflow.getHandle(sharedBalancerId(place));
      return (await ifRunning(handle, () => handle.query(sharedBalancerQuery)))?.claims ?? [];
    },

    sealedLogin(registry) {
      const handle = workflow.getHandle(registriesId);
      return client.withDeadline(Date.now() + answerMs, () =>
        ifRunning(handle, () => handle.query(sealedLoginQuery, registry)),
      );
    },

    async wishCertificate({ stack, environment }, wish) {
      const place = { stack, environment };
      await workflow.signalWithStart('certificates', {
        workflowId: certificatesId(place),
        taskQueue,
        args: [place, await stateLeft(client, place)],
        signal: wishCertificateSignal,
        signalArgs: [wish],
        staticSummary: `certificate of ${stack}/${environment}`,
      });
    },

    async endCertificates(place) {
      await unlessMissing(() => workflow.getHandle(certificatesId(place)).signal(endCertificatesSignal));
    },

    issuedCertificate: (place) =>
      unlessMissing(() => workflow.getHandle(certificatesId(place)).query(issuedCertificateQuery)),

    async isRunning(workflowId) {
      const description = await unlessMissing(() => workflow.getHandle(workflowId).describe());
      return description?.status.name === 'RUNNING';
    },

    endIfStuck: async (workflowId, by) => (await endIfStuck(workflow.getHandle(workflowId), by)) === 'answered',

    async lastDeployment(stack, environment) {
      for (let last = 0; ;) {
        const later = await newestNumber(client, deploymentsAbove({ stack, environment }, last));
        if (later === undefined) return last;
        last = later;
      }
    },

    async releases(stack, environment) {
      const numbers: number[] = [];
      for await (const { workflowId } of workflow.list({ query: keptReleasesOf({ stack, environment }) }))
        numbers.push(numberOf(workflowId));
      return numbers.sort((a, b) => a - b);
    },

    release: contentsOf,

    async images(stack, environment, releases) {
      if (releases.length === 0) return new Map();
      const found = new Map<number, PinnedImages>();
      for await (const { workflowId, memo } of workflow.list({ query: keptReleasesOf({ stack, environment }) })) {
        const number = numberOf(workflowId);
        if (memo?.[imagesMemo] && releases.includes(number)) found.set(number, memo[imagesMemo] as PinnedImages);
      }
      await Promise.all(
        releases
          .filter((number) => !found.has(number))
          .map(async (number) => {
            const contents = await contentsOf(stack, environment, number);
            if (contents) found.set(number, contents.images);
          }),
      );
      return found;
    },

    configs: async (workflowId, runId) => (await startOf(client, workflowId, runId)).stack.configs,

    readSession: (workflowId, from) => workflow.getHandle(workflowId).query(sessionQuery, { of: 'client', from }),

    writeSession: (workflowId, sealed) => workflow.getHandle(workflowId).signal(fromCommandSignal, { sealed }),

    async dropRelease(stack, environment, release) {
      await unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).signal(pruneSignal));
    },
  };
}

/** What the workflow of an environment's certificate left when it ended: the account, and the certificate. */
async function stateLeft({ workflow }: Client, place: Place): Promise<CertificatesState | undefined> {
  return unlessMissing(async () => {
    const handle = workflow.getHandle(certificatesId(place));
    const { status } = await handle.describe();
    return status.name === 'COMPLETED' ? ((await handle.result()) as CertificatesState) : undefined;
  });
}

/** The workflow of the shared load balancer, started if it does not run. */
function owning(place: HostPlace): WithStartWorkflowOperation<(place: HostPlace) => Promise<void>> {
  return new WithStartWorkflowOperation('sharedBalancer', {
    workflowId: sharedBalancerId(place),
    taskQueue,
    args: [place],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'routes of the shared load balancer of the host',
  });
}

/** @throws SoftwareFault if the workflow refuses an update */
async function refusedAsFault<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new SoftwareFault(error.cause?.message ?? error.message);
    throw error;
  }
}

/** The number of the first deployment that a query lists, which is usually the newest. */
async function newestNumber({ workflow }: Client, query: string): Promise<number | undefined> {
  for await (const { typedSearchAttributes } of workflow.list({ query, pageSize: 1 }))
    return typedSearchAttributes.get(searchAttributes.number);
  return undefined;
}

function numberOf(workflowId: string): number {
  return Number(workflowId.split('/').at(-1));
}

function summaryOf({ name }: HostPlace): string {
  return `reserved ports and capacity of ${name ?? 'the host'}`;
}
