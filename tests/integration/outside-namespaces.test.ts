import { loadStack } from '../../src/config';
import { docker, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';
import { until } from '../support/until';

const watchMs = 200;

describeWith('docker', 'services in the namespaces of a container outside the stack', () => {
  const name = uniqueName('outside');
  const vpn = `${name}-vpn`;
  let engine: TestEngine;

  const load = (container = vpn, version = '1') => {
    const service = (more: string) => `{image: "${images.app}", restart: always, stop_grace_period: 1s, ${more}}`;
    const http = 'x-deploy-code: {health_check: {http: ":9090/healthz", interval: 500ms, retries: 10}}';
    const text = [
      `name: ${name}`,
      `x-deploy-code: {watch: {interval: ${watchMs}ms}}`,
      'services:',
      `  web: ${service(
        `network_mode: "container:${container}", environment: {VERSION: "${version}", PORT: "9090"}, ${http}`,
      )}`,
      `  peek: ${service(`pid: "container:${container}", ipc: "container:${container}"`)}`,
    ].join('\n');
    return loadStack({ file: writeStack(text, 'compose.yaml'), environment: 'test', shell: {} }).stack;
  };
  const deploy = async (stack: ReturnType<typeof load>) => (await engine.client.deploy(stack)).result();
  const startVpn = async () => {
    const Labels = { 'somebody.else': 'true' };
    const made = await docker.createContainer({
      name: vpn,
      Image: images.app,
      Labels,
      HostConfig: { IpcMode: 'shareable' },
    });
    await made.start();
    return made.id;
  };
  const removeVpn = () => docker.getContainer(vpn).remove({ force: true });
  const modes = async (service: string) => {
    const filters = { label: [`deploy-code.stack=${name}`, `deploy-code.service=${service}`], status: ['running'] };
    const [found] = await docker.listContainers({ filters });
    return found && (await docker.getContainer(found.Id).inspect()).HostConfig;
  };
  const refusals = async (container?: string) => (await engine.client.plan(load(container, '9'))).refusals;

  beforeAll(async () => {
    engine = await startEngine('outside-namespaces');
  });
  afterAll(async () => {
    await wipe(name);
    await removeVpn().catch(() => undefined);
    await engine.close();
  });

  it('are refused before anything starts where there is none', async () => {
    const result = await deploy(load());
    expect(result).toMatchObject({ outcome: 'refused' });
    expect(JSON.stringify(result)).toContain(`services.web.network_mode`);
    expect(JSON.stringify(result)).toContain(`there is no container \\"${vpn}\\" on docker://`);
    expect(await states(name)).toEqual([]);
  });

  it('join it, by its id, and leave it as it is', async () => {
    const id = await startVpn();
    expect(await deploy(load())).toMatchObject({ outcome: 'succeeded' });
    expect(await modes('web')).toMatchObject({ NetworkMode: `container:${id}` });
    expect(await modes('peek')).toMatchObject({ PidMode: `container:${id}`, IpcMode: `container:${id}` });
    expect(await deploy(load())).toMatchObject({ outcome: 'unchanged' });
    expect((await docker.getContainer(vpn).inspect()).Config.Labels).toEqual({ 'somebody.else': 'true' });
  });

  it('follow it to the container that has replaced it', async () => {
    await removeVpn();
    const id = await startVpn();
    const joined = async () => {
      const [web, peek] = [await modes('web'), await modes('peek')];
      return [web?.NetworkMode, peek?.PidMode].every((mode) => mode === `container:${id}`);
    };
    await until(joined);
    expect(await deploy(load(vpn, '2'))).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
  });

  it('are refused where it has stopped, goes by its id, or is of an environment, their own or another', async () => {
    const id = (await docker.getContainer(vpn).inspect()).Id;
    const messages = async (container: string) => (await refusals(container)).map(({ message }) => message).join('\n');
    expect(await messages(id)).toContain('name it by its name, not its id');
    const own = (await states(name)).find((each) => each.startsWith('web'))!.split(' ')[0]!;
    expect(await messages(`${name}-test-${own}`)).toContain('is an instance of this stack; write service:NAME');
    const asked = loadStack({
      file: writeStack(
        `name: ${name}\nservices: {web: {image: "${images.app}", pid: "container:${name}-test-${own}"}}`,
        'compose.yaml',
      ),
    });
    expect((await engine.client.plan(asked.stack)).refusals).toEqual([
      {
        path: 'services.web.pid',
        message: expect.stringContaining(
          `belongs to ${name}/test: an environment cannot join the namespaces of another one`,
        ),
      },
    ]);
    await docker.getContainer(vpn).stop({ t: 0 });
    expect(await messages(vpn)).toContain(`the container ${vpn} does not run; start it first`);
  });
});
