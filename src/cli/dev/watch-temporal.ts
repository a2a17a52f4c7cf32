import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { EngineUnreachable } from '../../temporal/errors';
import { exitOf } from './keep-worker';

const checkMs = 5000;
const answerMs = 3000;
const mostMissed = 2;

/** Never resolves; rejects when the server of a development engine exits. @throws EngineUnreachable */
export async function untilTemporalExits(server: ChildProcess, log: string): Promise<never> {
  throw new EngineUnreachable(
    `Temporal exited (${await exitOf(server)})`,
    `see ${log}, and restart the engine with \`deploy-code dev\``,
  );
}

/** Reports when a running server does not answer, and when it answers again, until the signal aborts. */
export async function reportOutages(address: string, say: (text: string) => void, signal: AbortSignal): Promise<void> {
  for (let missed = 0; !signal.aborted; await sleep(checkMs, undefined, { signal }).catch(() => undefined)) {
    const answers = await isAnswering(address);
    if (signal.aborted) return;
    if (answers && missed >= mostMissed) say('Temporal answers again');
    missed = answers ? 0 : missed + 1;
    if (missed === mostMissed) say(`Temporal at ${address} does not answer; deployments wait for it`);
  }
}

async function isAnswering(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: answerMs }).catch(() => undefined);
  if (!connection) return false;
  const ask = connection.withDeadline(Date.now() + answerMs, () => connection.workflowService.getSystemInfo({}));
  const answers = await ask.then(
    () => true,
    () => false,
  );
  await connection.close().catch(() => undefined);
  return answers;
}
