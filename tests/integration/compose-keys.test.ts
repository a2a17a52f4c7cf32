import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStack } from '../../src/config';
import { docker, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { historiesIn } from '../support/histories';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';

describeWith('docker', 'keys of a Compose file that containers show', () => {
  const name = uniqueName('keyed');
  const network = `${name}-of-somebody`;
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-keys-')), name);
  const planted = ['log-token-5511', '0751', 'net-token-5513', 'other-log-token-5514'];
  const shell = { LOG_TOKEN: planted[0], MODE_PASSWORD: planted[1], NET_TOKEN: planted[2] };
  let engine: TestEngine;

  const compose = (edge = network) => `services:
  confined:
    image: ${images.app}
    security_opt: ["seccomp:profile.json"]
    stop_grace_period: 1s
  edge:
    image: ${images.app}
    network_mode: ${edge}
    scale: 2
    stop_grace_period: 1s
  inner:
    image: ${images.app}
    environment: {VERSION: inner}
    stop_grace_period: 1s
  reader:
    image: ${images.app}
    links: ["inner:db", "logged:inner"]
    stop_grace_period: 1s
  writer:
    image: ${images.app}
    links: ["inner:db", "logged:db"]
    stop_grace_period: 1s
  logged:
    image: ${images.app}
    environment: {VERSION: logged}
    stop_grace_period: 1s
    volumes:
      - made:/made
      - ./motd:/made/motd:ro
      - {type: bind, source: /sys/fs, target: /deep, read_only: true}
      - {type: bind, source: /sys/fs, target: /flat, read_only: true, bind: {recursive: disabled}}
    logging: {driver: json-file, options: {tag: "by-\${LOG_TOKEN}", max-size: 1m}}
volumes:
  made: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m,mode=\${MODE_PASSWORD}"}}
networks:
  default: {driver_opts: {com.example.token: "\${NET_TOKEN}"}}
`;
  /** Forbids one call, and allows all others. */
  const read = (forbidden: string, text = compose(), more: Record<string, string> = {}) => {
    const syscalls = [{ names: [forbidden], action: 'SCMP_ACT_ERRNO' }];
    writeFileSync(join(folder, 'profile.json'), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, null, 2));
    writeFileSync(join(folder, 'motd'), 'hello\n');
    writeFileSync(join(folder, 'compose.yaml'), text);
    return loadStack({ file: join(folder, 'compose.yaml'), environment: 'test', shell: { ...shell, ...more } });
  };
  const sealed = ({ stack, sealing }: ReturnType<typeof read>) => engine.client.seal(stack, sealing);
  const deploy = async (given: ReturnType<typeof read>) => (await engine.client.deploy(await sealed(given))).result();
  const instance = (service: string, deployment = 1, ordinal = 1) =>
    `${name}-test-${service}-${ordinal}-d${deployment}`;
  const inspect = (service: string, deployment = 1, ordinal = 1) =>
    docker.getContainer(instance(service, deployment, ordinal)).inspect();
  const run = async (service: string, command: string) => {
    const filters = { label: [`deploy-code.stack=${name}`, `deploy-code.service=${service}`], status: ['running'] };
    const [found] = await docker.listContainers({ filters });
    return engine.client.exec(read('chmod').stack, found!.Names[0]!.slice(1), ['sh', '-c', command]);
  };

  beforeAll(async () => {
    mkdirSync(folder);
    await docker.createNetwork({ Name: network, Labels: { 'somebody.else': 'true' } });
    engine = await startEngine('compose-keys');
    expect(await deploy(read('chmod'))).toMatchObject({ outcome: 'succeeded' });
  });
  afterAll(async () => {
    await wipe(name);
    await docker.getNetwork(network).remove();
    await engine.close();
  });

  it('confine a container by a seccomp profile, and replace it when the profile changes', async () => {
    expect(await run('confined', 'busybox chmod 600 /etc/passwd')).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('Operation not permitted') as string,
    });
    expect(await run('confined', 'busybox ln -s a /made')).toMatchObject({ exitCode: 0 });

    expect(await deploy(read('symlink'))).toMatchObject({ outcome: 'succeeded' });
    expect(await run('confined', 'busybox chmod 600 /etc/passwd')).toMatchObject({ exitCode: 0 });
    expect(await run('confined', 'busybox ln -s a /made')).toMatchObject({ exitCode: 1 });
    await expect(inspect('edge', 1)).resolves.toBeDefined();
    await expect(inspect('edge', 2)).rejects.toThrow(/no such container/i);
  });

  describe('hold credentials', () => {
    it('of logs, volumes and networks, which their drivers get', async () => {
      const { HostConfig } = await inspect('logged');
      expect(HostConfig.LogConfig).toEqual({
        Type: 'json-file',
        Config: { tag: `by-${planted[0]}`, 'max-size': '1m' },
      });
      expect(await run('logged', 'stat -c %a /made')).toMatchObject({ output: `${Number(planted[1])}\n` });
      expect((await docker.getVolume(`${name}-test_made`).inspect()).Options!).toMatchObject({
        o: `size=1m,mode=${planted[1]}`,
      });
      expect((await docker.getNetwork(`${name}-test_default`).inspect()) as object).toMatchObject({
        Options: { 'com.example.token': planted[2] },
      });
    });

    it('of logs, whose change replaces the service, and which no history has', async () => {
      const { plan } = await engine.client.plan(await sealed(read('symlink')));
      expect(plan.changes).toBe(false);

      const { outcome, deployment } = await deploy(read('symlink', compose(), { LOG_TOKEN: planted[3]! }));
      expect(outcome).toBe('succeeded');
      expect((await inspect('logged', deployment)).HostConfig.LogConfig!.Config).toMatchObject({
        tag: `by-${planted[3]}`,
      });
      await expect(inspect('inner', deployment)).rejects.toThrow(/no such container/i);
      const texts = await historiesIn('compose-keys');
      expect(texts).toContain(name);
      for (const each of [planted[0], planted[2], planted[3]]) expect(texts).not.toContain(each);
    });
  });

  it('link one name to different services, and the last of several counts', async () => {
    const asked = async (service: string, host: string) =>
      (await run(service, `wget -q -O - http://${host}:8080/version`)).output;
    expect(await asked('reader', 'db')).toBe('inner\n');
    expect(await asked('reader', 'inner')).toBe('logged\n');
    expect(await asked('writer', 'db')).toBe('logged\n');
    expect(await asked('writer', 'inner')).toBe('inner\n');
    expect(await run('confined', 'wget -q -O - http://db:8080/version')).toMatchObject({ exitCode: 1 });
    await docker.getContainer(instance('reader')).restart({ t: 1 });
    expect(await asked('reader', 'db')).toBe('inner\n');
  });

  it('mount a file of the host below a volume, where no config can be', async () => {
    expect(await run('logged', 'cat /made/motd')).toMatchObject({ output: 'hello\n' });
    const text = compose()
      .replace('      - ./motd:/made/motd:ro\n', '')
      .replace('    logging:', '    configs: [{source: motd, target: /made/motd}]\n    logging:');
    expect(() => read('symlink', `${text}configs: {motd: {file: ./motd}}\n`)).toThrow(
      /config motd at \/made\/motd is below \/made, .*or mount \S*\/motd there under volumes: \S*motd:\/made\/motd:ro/,
    );
  });

  it('leave out what is mounted below a folder', async () => {
    expect((await run('logged', 'ls /deep/cgroup')).output).not.toBe('');
    expect(await run('logged', 'ls /flat/cgroup')).toMatchObject({ exitCode: 0, output: '' });
  });

  it('are refused where the engine is too old for them', async () => {
    const { ApiVersion } = await docker.version();
    const old = ApiVersion.startsWith('1.') && Number(ApiVersion.slice(2)) < 44;
    const mount = `{type: image, source: "${images.app}", target: /image}`;
    const newer = `${compose()}  newer: {image: "${images.app}", volumes: [${mount}], devices: [vendor.com/a=b]}\n`;
    const text = newer.replace(/^(volumes:[^]*)(  newer:.*\n)/m, '$2$1');
    const { refusals } = await engine.client.plan(await sealed(read('symlink', text)));
    expect(refusals.map(({ path }) => path)).toEqual(old ? ['services.newer.volumes.0', 'services.newer.devices'] : []);
  });

  describe('name a network of the engine', () => {
    it('that it joins alone, where nobody knows the name of the service', async () => {
      for (const ordinal of [1, 2]) {
        const { HostConfig, NetworkSettings, Id } = await inspect('edge', 1, ordinal);
        expect(HostConfig.NetworkMode).toBe(network);
        expect(Object.keys(NetworkSettings.Networks)).toEqual([network]);
        expect([NetworkSettings.Networks[network]!.Aliases ?? []].flat()).toEqual([Id.slice(0, 12)]);
      }
      expect(await run('edge', `wget -q -O - http://${instance('edge', 1, 2)}:8080/version`)).toMatchObject({
        output: '1\n',
      });
      for (const stranger of ['edge', 'inner'])
        expect(await run('edge', `wget -q -O - http://${stranger}:8080/version`)).toMatchObject({ exitCode: 1 });
    });

    it('that has to be there before anything starts', async () => {
      const { refusals } = await engine.client.plan(await sealed(read('chmod', compose(`${network}-2`))));
      expect(refusals).toEqual([
        {
          path: 'services.edge.network_mode',
          message: `there is no network "${network}-2" on the host; create it first, or correct the name`,
        },
      ]);
    });

    it('that stays when the service leaves it', async () => {
      expect(await deploy(read('symlink', compose('none')))).toMatchObject({ outcome: 'succeeded' });
      expect((await docker.getNetwork(network).inspect()) as object).toMatchObject({
        Labels: { 'somebody.else': 'true' },
        Containers: {},
      });
    });
  });
});
