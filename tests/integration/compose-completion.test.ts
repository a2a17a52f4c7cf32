import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStack, type Stack } from '../../src/config';
import { placeOf } from '../../src/client/place';
import { startEngine, type TestEngine } from '../support/engine';
import { docker, wipe } from '../support/docker-world';
import { eventually } from '../support/eventually';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';

describeWith('docker', 'services of a Compose file that end', () => {
  const name = uniqueName('ending');
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-ending-')), name);
  const waiting = 'until test -e /tmp/go; do sleep 0.1; done';
  let engine: TestEngine;
  let stack: Stack;

  const load = (buckets: string): Stack => {
    writeFileSync(
      join(folder, 'compose.yaml'),
      `services:
  web: {image: "${images.app}", stop_grace_period: 5s}
  buckets: {image: "${images.app}", command: [sh, -c, "${buckets}"], restart: on-failure:1}
  seed: {image: "${images.app}", command: [sh, -c, "${waiting}"], stop_grace_period: 1s, scale: 2}
x-deploy-code: {watch: {interval: 1s}}
`,
    );
    return loadStack({ file: join(folder, 'compose.yaml'), environment: 'test', shell: {} }).stack;
  };
  const deploy = async (of: Stack) => (await engine.client.deploy(of)).result();
  const container = (short: string) => docker.getContainer(`${name}-test-${short}`);
  const health = async (service: string) =>
    (await engine.client.status(stack)).found.filter((line) => line.service === service).map((line) => line.health);
  const watched = async () => (await engine.client.environment(placeOf(stack)))!.watch!;

  beforeAll(async () => {
    mkdirSync(folder);
    engine = await startEngine('compose-completion');
    stack = load('echo made');
  });
  afterAll(async () => {
    await wipe(name);
    await engine.close();
  });

  it('have completed with exit code 0: the deployment goes on, and says so', async () => {
    const handle = await engine.client.deploy(stack);
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    const { events } = await handle.progress();
    expect(events).toContainEqual(
      expect.objectContaining({ code: 'deployment.noted', data: { message: 'buckets-1 has completed (exit 0)' } }),
    );
    expect(await health('buckets')).toEqual(['completed']);
    expect(await health('web')).toEqual(['-']);
  });

  it('stay as they are when nothing has changed, also after they have completed between deployments', async () => {
    for (const replica of [1, 2])
      await engine.client.exec(stack, `${name}-test-seed-${replica}-d1`, ['touch', '/tmp/go']);
    await eventually(async () => expect(await health('seed')).toEqual(['completed', 'completed']));
    const before = await container('buckets-1-d1').inspect();
    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
    expect((await container('buckets-1-d1').inspect()).State.StartedAt).toBe(before.State.StartedAt);
    await eventually(async () => expect((await watched()).settings).toBeDefined());
    expect(await watched()).toMatchObject({ ailing: [], drift: [] });
  });

  it('do not count as completed when somebody stops them: the watch tells, and a deployment starts them', async () => {
    await container('web-1-d1').stop();
    expect((await container('web-1-d1').inspect()).State.ExitCode).toBe(0);
    await eventually(async () => expect((await watched()).ailing).toMatchObject([{ service: 'web', why: 'exited 0' }]));
    expect(await health('web')).toEqual(['down']);
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
    expect(await health('web')).toEqual(['-']);
  });

  it('run again when they are changed or restarted', async () => {
    const startedAt = async (of: string) => (await container(of).inspect()).State.StartedAt;
    const { deployment } = await deploy((stack = load('echo made; echo more')));
    const first = await startedAt(`buckets-1-d${deployment}`);
    const again = await (await engine.client.restart(placeOf(stack), ['buckets'])).result();
    expect(again).toMatchObject({ outcome: 'succeeded' });
    expect(await startedAt(`buckets-1-d${again.deployment}`)).not.toBe(first);
    expect(await health('buckets')).toEqual(['completed']);
  });

  it('fail the deployment with any other exit code, after the attempts that their policy allows', async () => {
    const { outcome, cause } = await deploy(load('echo no such bucket; exit 3'));
    expect(outcome).toBe('rolled_back');
    expect(cause).toMatchObject({ service: 'buckets', evidence: { exitCode: 3 } });
    expect(cause!.evidence!.logs).toContain('no such bucket');
    expect(await health('buckets')).toEqual(['completed']);
    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
  });
});
