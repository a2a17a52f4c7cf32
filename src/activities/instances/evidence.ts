import type { InstanceStatus, Evidence } from '../../model/instance-status';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import type { StepContext } from '../contract';
import { ranOutOfMemory } from './memory';
import type { SecretStore } from '../secrets';

const mostLines = 50;
const longestLine = 400;

/** What is already known about a failure. */
export interface Findings {
  status?: InstanceStatus;
  lastProbeError?: string;
  /** Warning events of a cluster. */
  events?: string[];
  /** Log lines, if they have already been read. */
  logs?: string[];
}

/** Collects evidence of a failure: exit status, last probe, last log lines; bounded, secrets masked. */
export async function gatherEvidence(
  runtime: Runtime,
  secrets: SecretStore,
  context: StepContext,
  name: string,
  known: Findings,
): Promise<Evidence> {
  await secrets.learn(context.secrets, context.envFiles);
  const unread: string[] = [];
  const logs =
    known.logs ??
    (
      await runtime
        .logs(name, { tail: mostLines })
        .catch((error: Error) => (unread.push(...whyUnread(error)), { lines: [] }))
    ).lines;
  const outOfMemory = await ranOutOfMemory(runtime, name, known.status);
  return {
    exitCode: known.status?.exitCode,
    outOfMemory: outOfMemory || known.status?.outOfMemory,
    lastProbeError: known.lastProbeError && secrets.mask(known.lastProbeError),
    logs: maskLines(
      secrets,
      [...(known.events ?? []).map((event) => `event: ${event}`), ...unread, ...logs],
      longestLine,
    ),
    logLines: logs.length,
  };
}

/** A missing instance needs no explanation, and platform trouble is temporary. */
function whyUnread(error: Error): string[] {
  return error instanceof RuntimeError && error.kind === 'software'
    ? [`(its logs cannot be read here: ${error.message})`]
    : [];
}

/** Masks the joined lines, as a secret may span several. */
export function maskLines(secrets: SecretStore, logs: string[], longest: number): string[] {
  return secrets
    .mask(logs.join('\n'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line));
}
