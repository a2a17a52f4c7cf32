import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { payloadCodec } from '../../src/payloads/codec';
import { address, startEngine } from '../support/engine';
import { runtime, scenarios } from './scenarios';

const { History } = temporal.api.history.v1;
const bundle = { workflowBundle: { codePath: resolve('dist/workflow-bundle.js') } };
const histories = join(__dirname, 'histories');
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** `DEPLOY_CODE_RECORD=1` records the histories of this version anew; do so only before its release. */
async function record(): Promise<void> {
  const engine = await startEngine('replay', { runtimes: { memory: runtime } });
  const connection = await Connection.connect({ address: address() });
  const client = new Client({ connection, namespace: 'replay', dataConverter: { payloadCodecs: [payloadCodec()] } });
  mkdirSync(join(histories, version), { recursive: true });
  for (const [name, workflowId] of Object.entries(await scenarios(engine))) {
    writeFileSync(
      join(histories, version, `${name}.history`),
      History.encode(await client.workflow.getHandle(workflowId).fetchHistory()).finish(),
    );
  }
  await connection.close();
  await engine.close();
}

describe('the histories of every released version', () => {
  if (process.env.DEPLOY_CODE_RECORD === '1') beforeAll(record);

  it("include this one's", () => {
    expect(readdirSync(histories)).toContain(version);
  });

  it('replay with the workflows of today', async () => {
    const files = readdirSync(histories).flatMap((folder) =>
      readdirSync(join(histories, folder)).map((file) => join(histories, folder, file)),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const history = History.decode(readFileSync(file));
      await Worker.runReplayHistory({ ...bundle, dataConverter: { payloadCodecs: [payloadCodec()] } }, history, file);
    }
  });

  it('would show a change that breaks them', async () => {
    const file = join(histories, version, 'deployment-first.history');
    const changed = History.decode(readFileSync(file));
    for (const { activityTaskScheduledEventAttributes: scheduled } of changed.events)
      if (scheduled?.activityType?.name === 'startInstance') scheduled.activityType.name = 'anotherActivity';
    await expect(
      Worker.runReplayHistory({ ...bundle, dataConverter: { payloadCodecs: [payloadCodec()] } }, changed, file),
    ).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
