import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentHandle, DeploymentResult, RequestOptions } from '../../src/client';
import type { Arena } from './arena';
import { persist } from './persist';
import type { Random } from './random';

const takenWithinMs = 60_000;
const overWithinMs = 240_000;

/** Something that was asked for, and what it may come to when nothing touches the instances. */
export interface Request {
  what: string;
  may: DeploymentResult['outcome'][];
  handle: DeploymentHandle;
}

/** Asks, and asks again where nobody answered: requests of the same id are one deployment. */
export async function ask(
  what: string,
  may: Request['may'],
  start: (options: RequestOptions) => Promise<DeploymentHandle>,
  options: RequestOptions = {},
): Promise<Request> {
  const requestId = randomUUID();
  return {
    what,
    may,
    handle: await persist(`asking for ${what}`, takenWithinMs, () => start({ ...options, requestId })),
  };
}

/** How a request ended, and what was answered to the questions it asked. */
export interface Settled extends Request {
  result: DeploymentResult;
  answers: string[];
}

/** Waits for the end; questions are answered at random, for nobody knows what a person would say. */
export async function settle(request: Request, random: Random): Promise<Settled> {
  const { what, handle } = request;
  const answers: string[] = [];
  const over = new AbortController();
  const answering = answer(handle, random, answers, over.signal);
  try {
    return { ...request, result: await persist(`the end of ${what}`, overWithinMs, () => handle.result()), answers };
  } finally {
    over.abort();
    await answering;
  }
}

async function answer(handle: DeploymentHandle, random: Random, answers: string[], over: AbortSignal): Promise<void> {
  for (; !over.aborted; await sleep(500, undefined, { signal: over }).catch(() => undefined)) {
    const question = (await handle.progress().catch(() => undefined))?.question;
    if (!question) continue;
    const said = random.pick(question.answers);
    answers.push(`${question.text} ${said}`);
    await handle.answer(question.id, said, 'chaos').catch(() => undefined);
  }
}

/** Deploys by the command line, which is killed with -9 after a while; what it has asked for goes on without it. */
export async function deployAndDie(arena: Arena, file: string, afterMs: number): Promise<void> {
  const client = spawn(
    process.execPath,
    [resolve('bin/deploy-code'), 'deploy', '--config', file, '--address', arena.temporal.address],
    { stdio: 'ignore', env: process.env },
  );
  const gone = once(client, 'exit');
  await Promise.race([gone, sleep(afterMs)]);
  client.kill('SIGKILL');
  await gone;
}
