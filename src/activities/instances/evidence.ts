import type { InstanceStatus, Evidence } from '../../model/instance-status';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import type { StepContext } from '../contract';
import { ranOutOfMemory } from './memory';
import type { SecretStore } from '../secrets';

const lines = 50;
const lineLength = 400;

/** What is known of a failure by then. */
export interface Findings {
  status?: InstanceStatus;
  lastProbeError?: string;
  /** What a cluster had to complain of. */
  events?: string[];
  /** Where they have been read already. */
  logs?: string[];
}

/** What shows why an instance failed: its end, the last probe, its last log lines; bounded, secrets masked. */
export async function gatherEvidence(
  runtime: Runtime,
  secrets: SecretStore,
  context: StepContext,
  name: string,
  found: Findings,
): Promise<Evidence> {
  await secrets.learn(context.secrets, context.envFiles);
  const unread: string[] = [];
  const logs =
    found.logs ??
    (
      await runtime
        .logs(name, { tail: lines })
        .catch((error: Error) => (unread.push(...whyUnread(error)), { lines: [] }))
    ).lines;
  const outOfMemory = await ranOutOfMemory(runtime, name, found.status);
  return {
    exitCode: found.status?.exitCode,
    outOfMemory: outOfMemory || found.status?.outOfMemory,
    lastProbeError: found.lastProbeError && secrets.mask(found.lastProbeError),
    logs: maskLines(
      secrets,
      [...(found.events ?? []).map((event) => `event: ${event}`), ...unread, ...logs],
      lineLength,
    ),
    logLines: logs.length,
  };
}

/** What is not there needs no explanation, and trouble with the platform passes. */
function whyUnread(error: Error): string[] {
  return error instanceof RuntimeError && error.kind === 'software'
    ? [`(its logs cannot be read here: ${error.message})`]
    : [];
}

/** Masks across line ends too: a secret may span several. */
export function maskLines(secrets: SecretStore, logs: string[], longest: number): string[] {
  return secrets
    .mask(logs.join('\n'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line));
}
