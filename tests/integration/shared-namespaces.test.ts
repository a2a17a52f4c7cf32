import { freePort } from '../../src/guard/free-port';
import { loadStack, type Stack } from '../../src/config';
import { docker, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';
import { until } from '../support/until';
import { describeInFull, itInFull } from '../support/exhaustive';

const watchMs = 200;

describeWith('docker', 'services in the namespaces of another one', () => {
  const name = uniqueName('shared');
  let engine: TestEngine;
  let published: number;
  let current: Stack;

  /** A VPN, a service in its network and one among its processes, a client, and one that restarts with the VPN. */
  const load = ({ vpn = '1', web = '1', port = 9090 } = {}) => {
    const service = (more: string) => `{image: ${images.app}, restart: unless-stopped, stop_grace_period: 2s, ${more}}`;
    const http = 'x-deploy-code: {health_check: {http: ":9090/healthz", interval: 500ms, retries: 10}}';
    const own = 'healthcheck: {test: wget -q -O /dev/null http://127.0.0.1:8080/healthz, interval: 500ms}';
    const text = [
      `name: ${name}`,
      `x-deploy-code: {watch: {interval: ${watchMs}ms}}`,
      'services:',
      `  web: ${service(
        `network_mode: "service:vpn", environment: {VERSION: "web ${web}", PORT: "${port}"}, ` +
          `depends_on: {vpn: {condition: service_healthy}}, ${http}`,
      )}`,
      `  peek: ${service('pid: "service:vpn", ipc: "service:vpn"')}`,
      `  vpn: ${service(
        `environment: {VERSION: "vpn ${vpn}"}, ports: ["127.0.0.1:${published}:9090"], ipc: shareable, ${own}`,
      )}`,
      `  client: ${service('depends_on: {vpn: {condition: service_healthy, restart: true}}')}`,
      `  apart: ${service('depends_on: [vpn]')}`,
    ].join('\n');
    return loadStack({ file: writeStack(text, 'compose.yaml'), environment: 'test', shell: {} }).stack;
  };
  const deploy = async (versions: Parameters<typeof load>[0]) => {
    const stack = load(versions);
    const result = await (await engine.client.deploy(stack)).result();
    if (result.outcome === 'succeeded') current = stack;
    return result;
  };
  const container = async (service: string) => {
    const filters = { label: [`deploy-code.stack=${name}`, `deploy-code.service=${service}`], status: ['running'] };
    const [found] = await docker.listContainers({ filters });
    return found && docker.getContainer(found.Id);
  };
  const read = async (from: string, url: string) => {
    const [instance] = (await engine.client.status(current)).found.filter(
      ({ service, state }) => service === from && state === 'running',
    );
    const { output, exitCode } = await engine.client.exec(current, instance!.name, ['wget', '-q', '-O', '-', url]);
    return exitCode === 0 ? output.trim() : `exit code ${exitCode}`;
  };
  const startOf = async (service: string) => (await (await container(service))?.inspect())?.State.StartedAt;
  const isWhole = async (web: string) =>
    (await read('client', 'http://vpn:9090/version').catch(() => '')) === web &&
    (await fetch(`http://127.0.0.1:${published}/version`).then(
      async (answer) => (await answer.text()).trim() === web,
      () => false,
    ));

  beforeAll(async () => {
    published = await freePort();
    engine = await startEngine('shared-namespaces');
    expect(await deploy({})).toMatchObject({ outcome: 'succeeded' });
  });
  afterAll(async () => {
    await wipe(name);
    await engine.close();
  });

  it('is reached by the name and the published port of the other service', async () => {
    expect(await isWhole('web 1')).toBe(true);
    expect(await read('web', 'http://127.0.0.1:8080/version')).toBe('vpn 1');
    const [web, peek, vpn] = await Promise.all(
      ['web', 'peek', 'vpn'].map(async (each) => await (await container(each))!.inspect()),
    );
    expect(web!.HostConfig.NetworkMode).toBe(`container:${vpn!.Id}`);
    expect(peek!.HostConfig).toMatchObject({ PidMode: `container:${vpn!.Id}`, IpcMode: `container:${vpn!.Id}` });
  });

  it('changes nothing when nothing has changed', async () => {
    expect(await deploy({})).toMatchObject({ outcome: 'unchanged', changed: [] });
  });

  it('is replaced with the other one, as services are that restart with it', async () => {
    const { plan } = await engine.client.plan(load({ vpn: '2' }));
    const shown = plan.phases.flatMap(({ services }) => services.map((each) => [each.name, each.action, each.notes]));
    expect(shown).toEqual([
      ['vpn', 'replace', ['stops web, peek first']],
      ['web', 'restart', ['joins the network of vpn: never beside its old instance', 'restarts with vpn']],
      [
        'peek',
        'restart',
        ['joins the shared memory of vpn and the processes of vpn: never beside its old instance', 'restarts with vpn'],
      ],
      ['client', 'restart', ['restarts with vpn']],
      ['apart', 'keep', []],
    ]);
    const result = await deploy({ vpn: '2' });
    expect(result).toMatchObject({ outcome: 'succeeded', changed: ['vpn', 'web', 'peek', 'client'] });
    expect(await isWhole('web 1')).toBe(true);
    expect(await read('client', 'http://vpn:8080/version')).toBe('vpn 2');
  });

  itInFull('is alone replaced if only it has changed', async () => {
    expect(await deploy({ vpn: '2', web: '2' })).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
    expect(await isWhole('web 2')).toBe(true);
  });

  itInFull('gets the namespaces of the restored instance by a rollback', async () => {
    const before = await states(name);
    expect(await deploy({ vpn: '3', web: '3', port: 9999 })).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web' },
    });
    expect(await states(name)).toEqual(before);
    expect(await isWhole('web 2')).toBe(true);
    expect(await read('client', 'http://vpn:8080/version')).toBe('vpn 2');
  });

  describeInFull('left behind', () => {
    it.each([
      ['the other one is killed', async () => (await container('vpn'))!.kill()],
      ['Docker restarts the other one', async () => (await container('vpn'))!.restart({ t: 1 })],
    ])('is brought back by the watch when %s', async (_, trouble) => {
      const before = await Promise.all(['vpn', 'web', 'peek', 'apart'].map(startOf));
      await trouble();
      await until(async () => {
        const now = await Promise.all(['vpn', 'web', 'peek'].map(startOf));
        return now.every((start, index) => start !== undefined && start !== before[index]) && isWhole('web 2');
      });
      expect(await startOf('apart')).toBe(before[3]);
    });
  });
});
