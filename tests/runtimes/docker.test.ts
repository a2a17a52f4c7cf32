import { execFileSync } from 'node:child_process';
import Docker from 'dockerode';
import type { ContainerOptions, InstanceSpec } from '../../src/model/instance';
import { SecretStore } from '../../src/activities/secrets';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { connectDocker } from '../../src/runtimes/docker/api/connection';
import { lastExit } from '../../src/runtimes/docker/exits';
import { images } from '../support/image';
import { eventually } from '../support/eventually';
import { isFull, itInFull } from '../support/exhaustive';
import { LostEndpoint } from '../support/lost-endpoint';
import { ownEngineMissing } from '../support/own-engine';
import { describeUnless, describeWith } from '../support/parts';
import {
  contract,
  endsLateCommands,
  followLogs,
  givesTerminals,
  passesInputOn,
  spec,
  talkative,
  testScope,
} from './contract';
import { until } from '../support/until';

type Mistake = [what: string, change: Partial<InstanceSpec>];

/** Docker itself searches for such a driver for 15 s. */
const slowMistakes: Mistake[] = [
  ['a log driver that the host does not have', { logging: { driver: 'nope', options: {} } }],
];

describeWith('docker', 'the Docker runtime', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-docker-'));
  const driver = createDockerRuntime(new SecretStore(dataDir));
  const runtime = driver.within(testScope);
  const docker = new Docker();

  contract(() => ({
    driver,
    running: (name, more) => spec(name, { image: images.app, ...more }),
    exiting: (name, code) => spec(name, { image: images.app, command: ['sh', '-c', `exit ${code}`] }),
    fileAt: (path) => path,
    volumeAt: (name) => name,
  }));

  it('joins the namespaces of an instance again, also of one that was created anew', async () => {
    const network = { key: 'joined', name: `contract-${process.pid}_joined`, internal: false };
    await runtime.networks!.create(network);
    const vpn = spec('vpn', {
      image: images.app,
      ipc: 'shareable',
      networks: [{ name: network.name, aliases: ['vpn'] }],
    });
    const web = spec('web', {
      image: images.app,
      variables: { PORT: '9090' },
      networkMode: 'service:vpn',
      ipc: 'service:vpn',
      pid: 'service:vpn',
      joins: { network: vpn.name, ipc: vpn.name, pid: vpn.name },
    });
    const joins = async () => (await docker.getContainer(web.name).inspect()).HostConfig;
    const leftBehind = async () =>
      (await runtime.observe({ images: [], ports: [] })).instances.find(({ name }) => name === web.name)?.leftBehind;
    try {
      await expect(runtime.create(web)).rejects.toThrow(
        new RegExp(`${vpn.name}, whose (network|ipc|pid) namespace it joins, is gone`),
      );
      for (const { name } of [vpn, web]) {
        await runtime.create(name === vpn.name ? vpn : web);
        await runtime.start(name);
      }
      const { Id } = await docker.getContainer(vpn.name).inspect();
      expect(await joins()).toMatchObject({ NetworkMode: `container:${Id}`, PidMode: `container:${Id}` });
      expect(await runtime.address!(web.name, 9090)).toEqual(await runtime.address!(vpn.name, 9090));
      expect(await leftBehind()).toBeUndefined();
      const addresses = new Map(
        (await runtime.observe({ images: [], ports: [], addresses: true })).instances.map((each) => [
          each.name,
          each.address,
        ]),
      );
      expect((await runtime.address!(vpn.name, 9090)).host).toBe(addresses.get(vpn.name));
      expect(addresses.get(web.name)).toBeUndefined();

      await runtime.retire(web);
      await runtime.remove(vpn);
      await expect(runtime.revive(web)).rejects.toThrow('is gone');
      await runtime.create(vpn);
      await expect(runtime.revive(web)).rejects.toThrow('the instance whose namespace it joins does not run');
      await runtime.start(vpn.name);
      await runtime.revive(web);
      const again = await docker.getContainer(vpn.name).inspect();
      expect(await joins()).toMatchObject({ NetworkMode: `container:${again.Id}`, PidMode: `container:${again.Id}` });
      expect(await leftBehind()).toBeUndefined();
    } finally {
      await runtime.remove(web);
      await runtime.remove(vpn);
      await runtime.networks!.remove(network.name);
    }
  });

  it('joins no namespace of an instance or a container that it cannot find by exactly its name', async () => {
    const lost = spec('lost', { image: images.app, networkMode: 'service:x' });
    await expect(runtime.create(lost)).rejects.toThrow('there is no container for the namespace service:x');
    const stranger = await docker.createContainer({ Image: images.app, name: `stranger-${process.pid}` });
    try {
      for (const [name, problem] of [
        ['nobody-at-all', 'is gone'],
        [stranger.id, 'is gone'],
        [`stranger-${process.pid}`, 'does not run'],
      ] as const) {
        const foreign = spec('foreign', { image: images.app, networkMode: `container:${name}` });
        await expect(runtime.create(foreign)).rejects.toThrow(
          `the container ${name}, whose network namespace it joins, ${problem}`,
        );
      }
    } finally {
      await stranger.remove({ force: true });
    }
  });

  it('gives a service a name on each of its networks, and files, and secrets as files', async () => {
    const networks = ['a', 'b'].map((key) => ({ key, name: `contract-${process.pid}_${key}`, internal: false }));
    for (const network of networks) {
      await runtime.networks!.create(network);
      await runtime.networks!.create(network);
    }
    const secretFile = join(mkdtempSync(join(tmpdir(), 'deploy-code-docker-secret-')), 'secret');
    writeFileSync(secretFile, 'hunter2');
    const instance = spec('named', {
      image: images.app,
      networks: networks.map(({ name }) => ({ name, aliases: ['named'] })),
      files: [{ path: '/etc/app.conf', content: 'hello', mode: 0o444 }],
      secrets: [{ name: 'key', source: { file: secretFile }, target: { path: '/run/secrets/key', mode: 0o400 } }],
    });
    try {
      await runtime.create(instance);
      await runtime.start(instance.name);
      expect(await runtime.exec(instance.name, ['cat', '/etc/app.conf', '/run/secrets/key'], 5000)).toEqual({
        exitCode: 0,
        output: 'hellohunter2',
      });
      writeFileSync(secretFile, 'hunter3');
      await runtime.putSecrets!(instance.name, [
        { ...instance.secrets[0]!, target: { path: '/run/secrets/key.2', mode: 0o400 } },
      ]);
      expect(await runtime.exec(instance.name, ['cat', '/run/secrets/key.2', '/run/secrets/key'], 5000)).toEqual({
        exitCode: 0,
        output: 'hunter3hunter2',
      });
      expect(
        (await runtime.exec(instance.name, ['sh', '-c', 'sleep 0.3; wget -q -O - http://named:8080/healthz'], 5000))
          .output,
      ).toBe('ok\n');
      const info = await docker.getContainer(instance.name).inspect();
      expect(Object.keys(info.NetworkSettings.Networks).sort()).toEqual(networks.map(({ name }) => name));
      expect(JSON.stringify(info)).not.toContain('hunter2');
      expect(info.Config.Labels).toMatchObject({
        'com.docker.compose.project': `contract-${process.pid}-test`,
        'com.docker.compose.service': 'named',
      });
    } finally {
      await runtime.remove(instance);
      for (const { name } of networks) await runtime.networks!.remove(name);
    }
  });

  it.each([
    ['an engine on this machine', true],
    ['an engine elsewhere', false],
  ])('ends a command that takes too long, with all that it has started, on %s', async (_, local) => {
    const there = createDockerRuntime(new SecretStore(dataDir), { ...connectDocker(), local }).within(testScope);
    const instance = spec('late', { image: images.app });
    await runtime.create(instance);
    await runtime.start(instance.name);
    try {
      await endsLateCommands(there, instance.name);
      await endsLateCommands(there, instance.name, (...asked) => there.probeByCommand!(...asked));
    } finally {
      await runtime.remove(instance);
    }
  });

  it('passes the input of a command on, and gives it a terminal of the size of its client', async () => {
    const instance = spec('input', { image: images.app });
    await runtime.create(instance);
    await runtime.start(instance.name);
    try {
      await passesInputOn(runtime, instance.name);
      await givesTerminals(runtime, instance.name, '/bin/busybox stty');
    } finally {
      await runtime.remove(instance);
    }
  });

  it('gives a container that Docker has given the address of another one an address of its own', async () => {
    const network = { key: 'twice', name: `contract-${process.pid}_twice`, internal: false };
    await runtime.networks!.create(network);
    const [first, second] = ['first', 'second'].map((name) =>
      spec(name, { image: images.app, networks: [{ name: network.name, aliases: [name] }] }),
    ) as [ReturnType<typeof spec>, ReturnType<typeof spec>];
    const addressOf = async (name: string) =>
      (await docker.getContainer(name).inspect()).NetworkSettings.Networks[network.name]!.IPAddress;
    /** As after a crash: what Docker says of the first container is what it says of the second. */
    const mistaken = {
      local: true,
      address: '127.0.0.1',
      docker: Object.assign(new Docker(), {
        listContainers: async () =>
          (await docker.listContainers()).map((each) => ({
            ...each,
            NetworkSettings: { Networks: { [network.name]: { IPAddress: twice } } },
          })),
      }),
    };
    let twice = '';
    try {
      for (const each of [first, second]) {
        await runtime.create(each);
        await runtime.start(each.name);
      }
      twice = await addressOf(second.name);
      expect(await runtime.networks!.ensureOwnAddress!(second.name)).toBe(false);
      expect(
        await createDockerRuntime(new SecretStore(dataDir), mistaken).within(testScope).networks!.ensureOwnAddress!(
          second.name,
        ),
      ).toBe(true);
      expect(await addressOf(second.name)).not.toBe(twice);
      expect(
        (await runtime.exec(first.name, ['wget', '-q', '-O', '-', 'http://second:8080/healthz'], 5000)).output,
      ).toBe('ok\n');
    } finally {
      for (const each of [first, second]) await runtime.remove(each);
      await runtime.networks!.remove(network.name);
    }
  });

  describeUnless(
    ownEngineMissing(),
    'a container at whose address something answers that Docker has lost sight of',
    () => {
      it('is given an address of its own', async () => {
        const network = { key: 'lost', name: `contract-${process.pid}_lost`, internal: false };
        await runtime.networks!.create(network);
        const instance = spec('robbed', { image: images.app, networks: [{ name: network.name, aliases: ['robbed'] }] });
        const endpoint = async () =>
          (await docker.getContainer(instance.name).inspect()).NetworkSettings.Networks[network.name]!;
        const isHealthy = async () => {
          const { host, port } = await runtime.address!(instance.name, 8080);
          return fetch(`http://${host}:${port}/healthz`).then(
            ({ ok }) => ok,
            () => false,
          );
        };
        const { Id } = (await docker.getNetwork(network.name).inspect()) as { Id: string };
        let lost: LostEndpoint | undefined;
        try {
          await runtime.create(instance);
          await runtime.start(instance.name);
          await eventually(async () => expect(await isHealthy()).toBe(true));
          expect(await runtime.networks!.ensureOwnAddress!(instance.name, 8080)).toBe(false);
          const { IPAddress, MacAddress, IPPrefixLen, Gateway } = await endpoint();
          lost = new LostEndpoint({
            bridge: `br-${Id.slice(0, 12)}`,
            address: `${IPAddress}/${IPPrefixLen}`,
            mac: MacAddress,
            gateway: Gateway,
          });
          expect(await isHealthy()).toBe(false);
          expect(await runtime.networks!.ensureOwnAddress!(instance.name, 8080)).toBe(true);
          expect((await endpoint()).IPAddress).not.toBe(IPAddress);
          expect(await isHealthy()).toBe(true);
        } finally {
          lost?.remove();
          await runtime.remove(instance);
          await runtime.networks!.remove(network.name);
        }
      });
    },
  );

  it('reads a line that Docker has cut into pieces as one', async () => {
    const instance = spec('long-line', {
      image: images.app,
      command: ['sh', '-c', "head -c 40000 /dev/zero | tr '\\0' x; echo end; echo next; exec sleep 300"],
    });
    try {
      await runtime.create(instance);
      await runtime.start(instance.name);
      await eventually(async () => {
        const { lines } = await runtime.logs(instance.name, { tail: 100 });
        expect(lines.map((line) => [line.length, line.slice(-3)])).toEqual([
          [40_003, 'end'],
          [4, 'ext'],
        ]);
      });
    } finally {
      await runtime.remove(instance);
    }
  });

  it('counts a container as gone that Docker was interrupted at removing, and gives its name to the next', async () => {
    const instance = spec('dying', { image: images.app, restart: 'always' });
    await runtime.create(instance);
    await runtime.start(instance.name);
    const { Id } = await docker.getContainer(instance.name).inspect();
    /** What Docker cannot delete keeps the container dead, as a crash in the middle of its removal does. */
    const held = join(
      ((await docker.info()) as { DockerRootDir: string }).DockerRootDir,
      'containers',
      Id,
      'hostconfig.json',
    );
    execFileSync('chattr', ['+i', held]);
    try {
      await expect(docker.getContainer(Id).remove({ force: true })).rejects.toThrow('unable to remove filesystem');
      expect(await runtime.inspect(instance.name)).toBeUndefined();
      expect(
        (await runtime.observe({ images: [], ports: [] })).instances.filter(({ name }) => name === instance.name),
      ).toMatchObject([{ state: 'missing' }]);
      await expect(runtime.start(instance.name)).rejects.toMatchObject({
        kind: 'missing',
        message: expect.stringContaining('marked for removal') as string,
      });
      await expect(runtime.revive(instance)).rejects.toMatchObject({ kind: 'missing' });
      await runtime.retire(instance);
      await expect(runtime.create(instance)).rejects.toMatchObject({ kind: 'platform' });
    } finally {
      execFileSync('chattr', ['-i', held]);
    }
    await runtime.create(instance);
    await runtime.start(instance.name);
    expect(await runtime.inspect(instance.name)).toMatchObject({ state: 'running' });
    await runtime.remove(instance);
    expect(await docker.listContainers({ all: true, filters: { id: [Id] } })).toEqual([]);
  });

  it('makes a container anew that Docker cannot start any more, with the same files, names and volumes', async () => {
    const networks = ['one', 'two'].map((key) => ({ key, name: `contract-${process.pid}_${key}`, internal: false }));
    for (const network of networks) await runtime.networks!.create(network);
    const instance = spec('stuck', {
      image: images.app,
      networks: networks.map(({ name }) => ({ name, aliases: ['stuck'] })),
      files: [{ path: '/etc/app.conf', content: 'hello', mode: 0o444 }],
      keepsAddress: true,
      restart: 'always',
    });
    await runtime.create(instance);
    const container = docker.getContainer(instance.name);
    try {
      await runtime.start(instance.name);
      await runtime.exec(instance.name, ['sh', '-c', 'mkdir -p /var/own && echo written > /var/own/note'], 5000);
      await runtime.retire(instance);
      const before = await container.inspect();
      let isInterrupted = true;
      /** As after a crash of Docker in the middle of a start. */
      const interrupted = Object.assign(new Docker(), {
        getContainer: (id: string) => {
          const found = docker.getContainer(id);
          const start = found.start.bind(found);
          return Object.assign(found, {
            start: async () => {
              if (!isInterrupted) return start();
              isInterrupted = false;
              throw Object.assign(new Error('interrupted'), {
                statusCode: 409,
                json: { message: `task ${before.Id}: already exists` },
              });
            },
          });
        },
      });
      await createDockerRuntime(new SecretStore(dataDir), { docker: interrupted, local: true, address: '127.0.0.1' })
        .within(testScope)
        .revive(instance);
      const after = await docker.getContainer(instance.name).inspect();
      expect(after.Id).not.toBe(before.Id);
      expect(after.Config.Labels).toEqual({ ...before.Config.Labels, 'deploy-code.remade-from': before.Id });
      expect(after.State.Running).toBe(true);
      expect(after.HostConfig.RestartPolicy!.Name).toBe('always');
      for (const { name } of networks)
        expect(after.NetworkSettings.Networks[name]!.IPAddress).toBe(
          (before.NetworkSettings.Networks[name] as unknown as { IPAMConfig: { IPv4Address: string } }).IPAMConfig
            .IPv4Address,
        );
      expect((await runtime.exec(instance.name, ['cat', '/etc/app.conf', '/var/own/note'], 5000)).output).toBe(
        'hellowritten\n',
      );
      expect(
        (await runtime.exec(instance.name, ['sh', '-c', 'sleep 0.3; wget -q -O - http://stuck:8080/healthz'], 5000))
          .output,
      ).toBe('ok\n');
      expect(
        (await docker.listContainers({ all: true })).filter(({ Names }) => Names[0]!.startsWith(`/${instance.name}`)),
      ).toHaveLength(1);
    } finally {
      await runtime.remove(instance);
      for (const { name } of networks) await runtime.networks!.remove(name);
    }
  });

  it('says that memory ran out, of the main process and of a child, after a restart too', async () => {
    const eat = 'x=aaaaaaaa; while :; do x=$x$x; done';
    const instances = [
      spec('eater', {
        image: images.app,
        command: ['sh', '-c', eat],
        limit: { memory: 16 * 1024 ** 2 },
        restart: 'always',
      }),
      spec('parent', {
        image: images.app,
        command: ['sh', '-c', `sh -c '${eat}'; sleep 60`],
        limit: { memory: 16 * 1024 ** 2 },
      }),
      spec('calm', { image: images.app, limit: { memory: 64 * 1024 ** 2 } }),
    ];
    try {
      for (const instance of instances) {
        await runtime.create(instance);
        await runtime.start(instance.name);
      }
      const [eater, parent, calm] = instances.map(({ name }) => name) as [string, string, string];
      await eventually(async () =>
        expect(await Promise.all([eater, parent].map((name) => runtime.ranOutOfMemory!(name)))).toEqual([true, true]),
      );
      expect((await runtime.inspect(parent))!.state).toBe('running');
      expect(await runtime.ranOutOfMemory!(calm)).toBe(false);
    } finally {
      for (const instance of instances) await runtime.remove(instance);
    }
  });

  it('refuses for good to read logs that a driver does not keep', async () => {
    const instance = spec('mute', { image: images.app, logging: { driver: 'none', options: {} } });
    await runtime.create(instance);
    await runtime.start(instance.name);
    await expect(runtime.logs(instance.name, { tail: 5 })).rejects.toMatchObject({
      kind: 'software',
      message: expect.stringContaining('choose a driver that keeps them on the host') as string,
    });
    await runtime.remove(instance);
  });

  it.each([
    [
      'misused',
      { 'max-size': 'abc' },
      'json-file',
      "it could not be started: failed to initialize logging driver: invalid size: 'abc'",
    ],
    [
      'whose server is away',
      { 'syslog-address': 'tcp://127.0.0.1:1' },
      'syslog',
      'it could not be started: failed to initialize logging driver: dial tcp',
    ],
  ])(
    'says why a container has no logs that was not started for its log driver, %s',
    async (_, options, driverName, why) => {
      const instance = spec('unstarted', {
        image: images.app,
        logging: { driver: driverName, options: options as unknown as Record<string, string> },
      });
      await runtime.create(instance);
      try {
        expect((await runtime.logs(instance.name, { tail: 5 })).lines).toEqual([]);
        await expect(docker.getContainer(instance.name).start()).rejects.toThrow();
        await expect(runtime.logs(instance.name, { tail: 5 })).rejects.toMatchObject({
          kind: 'missing',
          message: expect.stringContaining(why) as string,
        });
      } finally {
        await runtime.remove(instance);
      }
    },
  );

  it('sees at a close look what somebody has changed of a container that runs', async () => {
    const instance = spec('updated', {
      image: images.app,
      limit: { cpus: 0.5, memory: 64 * 1024 ** 2 },
      restart: 'always',
    });
    await runtime.create(instance);
    await runtime.start(instance.name);
    const look = async (closely: boolean) => {
      const { limitsInForce, policy } = (await runtime.observe({ images: [], ports: [], closely })).instances.find(
        ({ name }) => name === instance.name,
      )!;
      return { limitsInForce, policy };
    };
    expect(await look(true)).toEqual({ limitsInForce: { cpus: 0.5, memory: 64 * 1024 ** 2 }, policy: 'always' });
    await docker.getContainer(instance.name).update({
      NanoCpus: 1_500_000_000,
      Memory: 128 * 1024 ** 2,
      MemorySwap: 256 * 1024 ** 2,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    });
    expect(await look(true)).toEqual({ limitsInForce: { cpus: 1.5, memory: 128 * 1024 ** 2 }, policy: 'on-failure:3' });
    expect(await look(false)).toEqual({ limitsInForce: undefined, policy: 'always' });
    await runtime.remove(instance);
  });

  it('labels volumes as ours only, and keeps them from removal while they are mounted', async () => {
    const name = `contract-${process.pid}_data`;
    await runtime.volumes!.create({ key: 'data', name, mountedAt: ['db:/data'] });
    await runtime.volumes!.create({ key: 'data', name, mountedAt: ['db:/data'] });
    const instance = spec('mounts', {
      image: images.app,
      mounts: [{ type: 'volume', volume: name, target: '/data', readOnly: false }],
    });
    await runtime.create(instance);
    await expect(runtime.volumes!.remove(name)).rejects.toThrow('in use');
    await runtime.remove(instance);
    const { Labels } = await docker.getVolume(name).inspect();
    expect(Object.keys(Labels).every((label) => label.startsWith('deploy-code.'))).toBe(true);
    await runtime.volumes!.remove(name);
    await runtime.volumes!.remove(name);
  });

  it("refuses a network or volume of the same name that is somebody else's", async () => {
    const name = `contract-${process.pid}_other`;
    const somebody = driver.within({ stack: 'somebody', environment: 'else' });
    await somebody.volumes!.create({ key: 'data', name, mountedAt: [] });
    await expect(runtime.volumes!.create({ key: 'data', name, mountedAt: ['db:/data'] })).rejects.toThrow(
      'belongs to stack somebody/else',
    );
    await expect(runtime.volumes!.remove(name)).rejects.toThrow('belongs to stack somebody/else');
    await somebody.volumes!.remove(name);
  });

  it('loses no line and shows none twice to one who follows its logs', async () => {
    const instance = spec('talkative', { image: images.app, command: talkative });
    await runtime.create(instance);
    await runtime.start(instance.name);
    const lines = await followLogs(runtime, instance.name, 3000);
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${Math.floor((index + 1) / 1000)}`));
    await runtime.remove(instance);
  });

  it('tells apart whose trouble a failure is', async () => {
    const missing = spec('missing', { image: 'deploy-code-test/no-such-image:1' });
    await expect(runtime.create(missing)).rejects.toMatchObject({
      kind: 'software',
      message: expect.stringContaining('check the name and tag of the image'),
    });
    const unstartable = spec('unstartable', { image: images.app, command: ['/no/such/program'] });
    await runtime.create(unstartable);
    await expect(runtime.start(unstartable.name)).rejects.toMatchObject({ kind: 'software' });
    await runtime.remove(unstartable);
    const away = createDockerRuntime(new SecretStore(dataDir), {
      docker: new Docker({ socketPath: '/nowhere/docker.sock' }),
      local: true,
      address: '127.0.0.1',
    }).within(testScope);
    await expect(away.inspect('anything')).rejects.toMatchObject({
      kind: 'platform',
      message: expect.stringContaining('the Docker Engine does not answer'),
    });
  });

  it.each<Mistake>([
    ['an option that its log driver does not know', { logging: { driver: 'json-file', options: { nope: '1' } } }],
    ['a value that its log driver does not take', { logging: { driver: 'json-file', options: { 'max-size': 'abc' } } }],
    ...(isFull ? slowMistakes : []),
    ['a log driver that cannot work', { logging: { driver: 'splunk', options: {} } }],
    [
      'an address that the host does not have',
      { ports: [{ container: 80, host: 18_999, protocol: 'tcp' as const, hostIp: '192.0.2.7' }] },
    ],
    [
      'an address that needs the name of an interface',
      { ports: [{ container: 80, host: 18_999, protocol: 'tcp' as const, hostIp: 'fe80::1' }] },
    ],
    ['a user that the image does not have', { user: 'nobody-of-that-name' }],
    ['options that tmpfs does not know', { tmpfs: ['/scratch:nope=1'] }],
    ['a size that tmpfs does not take', { tmpfs: ['/scratch:size=abc'] }],
    ['a folder that is a file', { workingDir: '/etc/passwd' }],
    ['a program that is a folder', { command: ['/etc'] }],
    [
      'a folder mounted on a file',
      { mounts: [{ type: 'bind' as const, source: tmpdir(), target: '/etc/passwd', readOnly: true }] },
    ],
    ['a capability that there is not', { capAdd: ['NOPE'] }],
    ['less memory than Docker gives', { limit: { memory: 1000 } }],
  ])(
    'fails for good, and soon, on %s',
    async (_, mistake) => {
      const instance = spec('mistaken', { image: images.app, ...mistake });
      const begun = Date.now();
      try {
        await expect(runtime.create(instance).then(() => runtime.start(instance.name))).rejects.toMatchObject({
          kind: 'software',
        });
        expect(Date.now() - begun).toBeLessThan(20_000);
      } finally {
        await runtime.remove(instance);
      }
    },
    40_000,
  );

  itInFull(
    'fails for good on a log server that stays away, after some tries',
    async () => {
      const instance = spec('unlogged', {
        image: images.app,
        logging: { driver: 'syslog', options: { 'syslog-address': 'tcp://127.0.0.1:1' } },
      });
      await runtime.create(instance);
      const begun = Date.now();
      await expect(runtime.start(instance.name)).rejects.toMatchObject({
        kind: 'software',
        message: expect.stringContaining('connection refused; the server of the log driver is unavailable') as string,
      });
      expect(Date.now() - begun).toBeGreaterThan(10_000);
      await runtime.remove(instance);
    },
    60_000,
  );

  it.each([
    ['an address that is no network', { cidr: 'zzz' }],
    ['a network of one address', { cidr: '10.99.1.0/32' }],
  ])(
    'fails for good, and soon, on %s',
    async (_, mistake) => {
      await expect(
        runtime.networks!.create({
          key: 'mistaken',
          name: `contract-${process.pid}_mistaken`,
          internal: false,
          ...mistake,
        }),
      ).rejects.toMatchObject({ kind: 'software' });
    },
    40_000,
  );

  it('knows how a container ended that has been started again since', async () => {
    const instance = spec('again', {
      image: images.app,
      restart: 'unless-stopped',
      command: ['sh', '-c', 'test -f /tmp/again && exec sleep 60; touch /tmp/again; exit 3'],
    });
    await runtime.create(instance);
    await runtime.start(instance.name);
    await until(async () => {
      const { restarts, state } = (await runtime.inspect(instance.name))!;
      return restarts === 1 && state === 'running';
    });
    expect((await runtime.inspect(instance.name))!.exitCode).toBeUndefined();
    expect(await lastExit({ docker, local: true, address: '127.0.0.1' }, instance.name)).toBe(3);
    expect(await runtime.lastExit!(instance.name)).toBe(3);
    await runtime.remove(instance);
  });

  it('starts the image that was planned, though its tag has moved since', async () => {
    const [{ id } = { id: '' }] = await runtime.images!.find([images.app]);
    const moving = `deploy-code-test/moving-${process.pid}:1`;
    await docker.getImage(images.next).tag({ repo: moving.replace(/:1$/, ''), tag: '1' });
    const instance = spec('pinned', { image: moving, imageId: id });
    await runtime.create(instance);
    expect((await docker.getContainer(instance.name).inspect()).Image).toBe(id);
    await runtime.remove(instance);
    await docker.getImage(moving).remove();
  });

  it('passes the options of a container on to Docker', async () => {
    const options: Partial<ContainerOptions> = {
      hostname: 'box.example.com',
      devices: [{ source: '/dev/null', target: '/dev/nothing', permissions: 'r' }],
      deviceCgroupRules: ['c 1:3 rwm'],
      securityOpt: ['seccomp=unconfined', 'no-new-privileges:true'],
      ulimits: { nofile: { soft: 512, hard: 1024 } },
      sysctls: { 'net.core.somaxconn': '512' },
      dns: ['10.0.0.2'],
      dnsSearch: ['example.com'],
      dnsOptions: ['ndots:1'],
      ipc: 'shareable',
      pid: 'host',
      cgroup: 'private',
      groupAdd: ['4321'],
      tty: true,
      stdinOpen: true,
      pidsLimit: 50,
      oomScoreAdj: 100,
      memswapLimit: 256 * 1024 ** 2,
      cpuShares: 512,
      limit: { memory: 128 * 1024 ** 2 },
    };
    const command = ['sh', '-c', 'echo one; echo two; sleep 60'];
    const instance = spec('options', { image: images.app, command, ...options });
    await runtime.create(instance);
    try {
      const { Config, HostConfig } = await docker.getContainer(instance.name).inspect();
      expect(Config).toMatchObject({ Hostname: 'box.example.com', Tty: true, OpenStdin: true });
      expect(HostConfig).toMatchObject({
        Privileged: false,
        Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }],
        DeviceCgroupRules: ['c 1:3 rwm'],
        // Docker adds an option of its own where processes of the host are seen.
        SecurityOpt: expect.arrayContaining(['seccomp=unconfined', 'no-new-privileges:true']) as unknown,
        Ulimits: [{ Name: 'nofile', Soft: 512, Hard: 1024 }],
        Sysctls: { 'net.core.somaxconn': '512' },
        Dns: ['10.0.0.2'],
        DnsSearch: ['example.com'],
        DnsOptions: ['ndots:1'],
        IpcMode: 'shareable',
        PidMode: 'host',
        CgroupnsMode: 'private',
        GroupAdd: ['4321'],
        PidsLimit: 50,
        OomScoreAdj: 100,
        MemorySwap: 256 * 1024 ** 2,
        CpuShares: 512,
      });
      await runtime.start(instance.name);
      const inside = async (command: string) =>
        (await runtime.exec(instance.name, ['/bin/sh', '-c', command], 5000)).output.trim();
      expect(await inside('hostname')).toBe('box.example.com');
      expect(await inside('ulimit -Hn')).toBe('1024');
      expect(await inside('cat /proc/sys/net/core/somaxconn')).toBe('512');
      expect(await inside('id -G')).toContain('4321');
      expect(await inside('test -c /dev/nothing && echo there')).toBe('there');
      expect(await followLogs(runtime, instance.name, 2)).toEqual(['one', 'two']);
    } finally {
      await runtime.remove(instance);
    }
  });

  it('makes a privileged container, which not every machine can start', async () => {
    const instance = spec('privileged', { image: images.app, privileged: true });
    await runtime.create(instance);
    try {
      expect((await docker.getContainer(instance.name).inspect()).HostConfig).toMatchObject({ Privileged: true });
    } finally {
      await runtime.remove(instance);
    }
  });

  it('holds an image beyond its tag, and lets what it pulled go with its hold', async () => {
    const reference = `deploy-code-test/held-${process.pid}:1`;
    const [{ id } = { id: '' }] = await runtime.images!.find([images.app]);
    const names = async () => (await docker.getImage(id).inspect()).RepoTags;
    await docker.getImage(id).tag({ repo: reference.replace(/:1$/, ''), tag: '1' });
    const held = expect.stringMatching(new RegExp(`^deploy-code/pulled:contract-${process.pid}-test-[0-9a-f]{12}$`));

    await runtime.images!.hold(id, 'pulled');
    await runtime.images!.hold(id, 'pulled');
    expect(await names()).toEqual(expect.arrayContaining([reference, held]));
    await runtime.images!.drop({ reference, id });
    await runtime.images!.drop({ reference, id });
    expect(await names()).not.toEqual(expect.arrayContaining([reference]));

    await docker.getImage(id).tag({ repo: reference.replace(/:1$/, ''), tag: '1' });
    await runtime.images!.hold(id, 'kept');
    await runtime.images!.drop({ reference, id });
    expect(await names()).toEqual(expect.arrayContaining([reference]));
    expect(await names()).not.toEqual(
      expect.arrayContaining([expect.stringContaining(`deploy-code/kept:contract-${process.pid}`)]),
    );
    await docker.getImage(reference).remove();
  });
});
