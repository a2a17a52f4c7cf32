import { Client, Connection } from '@temporalio/client';
import { taskQueue } from '../../src/workflows/messages';
import { payloadCodec } from '../../src/payloads/codec';
import type { Arena } from './arena';
import { persist } from './persist';
import type { Random } from './random';

const signals = [
  'go',
  'queued',
  'turnedAway',
  'freeze',
  'audited',
  'join',
  'leave',
  'finished',
  'committed',
  'claim',
  'giveBack',
  'slot',
  'report',
  'hostWord',
  'pauseWatch',
  'answer',
  'cancelDeployment',
  'nonsense',
];
const types = ['deployment', 'environment', 'release', 'redeploy', 'inspect', 'fleet', 'host', 'nonsense'];
/** They wait for messages, unless what they are begun with is refused. */
const mayStay = new Set(['nonsense', 'environment', 'fleet', 'host']);
const junk: unknown[] = [
  null,
  0,
  -1,
  '',
  'x'.repeat(5000),
  [],
  [[]],
  {},
  { by: 7 },
  { workflowId: '../..' },
  { at: 'now', refuse: 'yes' },
  { stack: '"; drop', environment: '../../etc' },
  { deployment: { toString: 'no' } },
  { release: -1, jobs: 'all' },
];
const messages = 20;
const starts = 3;
const endedWithinMs = 60_000;

/** Somebody who reaches Temporal and knows what messages are called, but not what is in them. */
export async function molest({ temporal }: Arena, random: Random, stack: string): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const client = new Client({ connection, dataConverter: { payloadCodecs: [payloadCodec()] } });
    const begun = await begin(client, random, stack);
    for (let sent = 0; sent < messages; sent += 1) await send(client, random, stack);
    await Promise.all(begun.map((workflowId) => end(client, workflowId)));
  } finally {
    await connection.close();
  }
}

async function begin(client: Client, random: Random, stack: string): Promise<string[]> {
  const ids = Array.from({ length: starts }, (_, index) => `hostile/${stack}/${Date.now()}-${index}`);
  for (const workflowId of ids) {
    const args = Array.from({ length: random.below(3) }, () => random.pick(junk));
    await client.workflow.start(random.pick(types), { workflowId, taskQueue, args }).catch(() => undefined);
  }
  return ids;
}

async function send(client: Client, random: Random, stack: string): Promise<void> {
  const targets: string[] = [`environment/${stack}/test`];
  for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus = "Running"', pageSize: 20 }))
    targets.push(workflowId);
  const handle = client.workflow.getHandle(random.pick(targets.filter((id) => !id.startsWith('hostile/'))));
  await handle.signal(random.pick(signals), random.pick(junk)).catch(() => undefined);
}

/** What was begun with junk ends: by its own refusal, or because its type is unknown and somebody ends it. */
async function end(client: Client, workflowId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  await persist(`waiting for the end of ${workflowId}`, endedWithinMs, async () => {
    const found = await handle.describe().catch(() => undefined);
    if (!found || found.status.name !== 'RUNNING') return;
    if (mayStay.has(found.type)) return void (await handle.terminate('the hostile client goes'));
    throw new Error(`a workflow "${found.type}" begun with junk runs`);
  });
}
