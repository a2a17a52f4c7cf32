import { randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { codeMarkdown, literalMarkdown, plainMarkdownWithin } from '../model/text/markdown';
import type { WhenBusy } from '../plan/asked';
import type { IntentKind } from '../model/deployment';
import type { Intent } from '../plan/plan';
import {
  deploymentId,
  placeAttributes,
  searchAttributes,
  type DeploymentInput,
  type DeploymentResult,
  type Place,
} from '../workflows/messages';
import { BadRequest } from '../temporal/errors';
import { unlessMissing } from '../temporal/unless-missing';
import { placeOf } from './place';

/** The time for planning and for replays grows with the stack; Temporal's default timeout is 10 s. */
const largeStack = { services: 200, workflowTaskTimeout: '1m' } as const;
const longestSummary = 130;
const longestDetails = 4000;
const longestLine = 1000;

/** Options of a request for a deployment. */
export interface RequestOptions {
  services?: string[];
  force?: boolean;
  reason?: string;
  /** Author of the request; default the user of this process. */
  requestedBy?: string;
  /** Behaviour if another deployment of the environment runs or waits; default `queue`. */
  whenBusy?: WhenBusy;
  /** Requested by a program: an open circuit breaker refuses it. */
  automatic?: boolean;
  /** Pulls images again, also those that are on the host. */
  fresh?: boolean;
  /** Makes the request idempotent: requests with the same ID are one deployment. */
  requestId?: string;
  /** The kept release that the stack was read from; it may have other images. */
  basedOn?: number;
  /** A digest of what is asked for: a request with the same ID and another digest is refused. */
  requestDigest?: string;
}

/** Key of the memo with the digest of a request. */
const digestMemo = 'request';

/** The intent of a deployment, as the planner reads it. */
export function intentOf(
  kind: IntentKind,
  { services, force = false, fresh }: { services?: string[]; force?: boolean; fresh?: boolean },
): Intent {
  return { kind, force, ...(services && { services }), ...(fresh && { fresh }) };
}

/** Starts the workflow of a deployment. With a request ID that was used before, returns that deployment instead. */
export async function startDeployment(
  temporal: Client,
  input: DeploymentInput,
  { requestId, requestDigest }: Pick<RequestOptions, 'requestId' | 'requestDigest'> = {},
): Promise<WorkflowHandle<() => Promise<DeploymentResult>>> {
  const { workflow } = temporal;
  const { stack, intent, reason, taskQueue } = input;
  const place = placeOf(stack);
  const workflowId = deploymentId(place, requestId ?? requestName(intent.kind, new Date()));
  try {
    return (await workflow.start('deployment', {
      workflowId,
      ...(requestId !== undefined && { workflowIdReusePolicy: 'REJECT_DUPLICATE' as const }),
      ...(requestDigest !== undefined && { memo: { [digestMemo]: requestDigest } }),
      taskQueue,
      ...(Object.keys(stack.services).length > largeStack.services && {
        workflowTaskTimeout: largeStack.workflowTaskTimeout,
      }),
      args: [input],
      staticSummary: plainMarkdownWithin(
        longestSummary,
        `${intent.kind} ${place.stack}/${place.environment}${reason ? `: ${reason}` : ''}`,
      ),
      staticDetails: requestDetails(input),
      typedSearchAttributes: [...placeAttributes(place), { key: searchAttributes.status, value: 'queued' }],
    })) as never;
  } catch (error) {
    const isRepeated = error instanceof WorkflowExecutionAlreadyStartedError && requestId !== undefined;
    const begun = isRepeated ? await findRequest(temporal, place, requestId, requestDigest) : undefined;
    if (begun) return begun;
    throw error;
  }
}

/**
 * The deployment that a request with this ID has started; undefined if there is none, or Temporal has removed it.
 * @throws BadRequest if it was another request, by its digest
 */
export async function findRequest(
  { workflow }: Client,
  place: Place,
  requestId: string,
  digest?: string,
): Promise<WorkflowHandle<() => Promise<DeploymentResult>> | undefined> {
  const handle = workflow.getHandle<() => Promise<DeploymentResult>>(deploymentId(place, requestId));
  const begun = await unlessMissing(() => handle.describe());
  if (!begun) return undefined;
  const known = begun.memo?.[digestMemo];
  if (digest === undefined || known === undefined || known === digest) return handle;
  throw new BadRequest(`another request has used this key, and started ${handle.workflowId}; use a new key`);
}

/** `7b8cc82b-deploy-2026-11-29-0100`: unique by its beginning, which the queue shows; the rest is for people. */
function requestName(kind: IntentKind, at: Date): string {
  const minute = at.toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  return `${randomUUID().slice(0, 8)}-${kind}-${minute}`;
}

/** The request in Markdown, for the Temporal UI. */
function requestDetails({ stack, intent, requestedBy, reason, target }: DeploymentInput): string {
  const variables = Object.entries(stack.variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    literalMarkdown(`requested by ${requestedBy}${reason ? `: ${reason}` : ''}`, longestLine),
    ...(target === undefined ? [] : [`release ${target}`]),
    ...(intent.services ? [literalMarkdown(`services ${intent.services.join(', ')}`, longestLine)] : []),
    ...(variables.length > 0 ? [variables.map((variable) => codeMarkdown(variable, longestLine)).join(' ')] : []),
    ...Object.values(stack.services).map(
      ({ name, image, command }) => `- ${literalMarkdown(name)}: ${codeMarkdown(image ?? (command ?? []).join(' '))}`,
    ),
  ];
  return lines.join('\n\n').slice(0, longestDetails);
}
