import { buffer } from 'node:stream/consumers';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import Docker from 'dockerode';
import { sealedReference, type SecretMount, type SecretSource } from '../../src/model/instance';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { Engine } from '../../src/runtimes/docker/api/engine';
import { toRuntimeError } from '../../src/runtimes/docker/api/errors';
import { credentialsFor, registryOf } from '../../src/runtimes/docker/images/credentials';
import { toCreateRequest } from '../../src/runtimes/docker/container-spec';
import { namesAt } from '../../src/runtimes/docker/networks/endpoint';
import { instanceLabels, readLabels } from '../../src/runtimes/docker/labels';
import { isOwn } from '../../src/runtimes/docker/labels/ownership';
import { clearly, untilClear } from '../../src/runtimes/docker/api/until-clear';
import type { Runtime, RuntimeError, SecretReader } from '../../src/runtimes/runtime';
import { spec, testScope } from '../runtimes/contract';
import { listenLocally, stopListening } from '../support/local-server';

/** As Docker Engine 20.10 says them, and 25 to 28 where they say them otherwise; both with a 5xx. */
const mistakes = [
  "unknown log opt 'nope' for json-file log driver",
  "failed to initialize logging driver: invalid size: 'abc'",
  'failed to initialize logging driver: journald is not enabled on this host',
  'failed to create task for container: failed to initialize logging driver: max-file cannot be less than 1',
  'error looking up logging plugin nope: plugin "nope" not found',
  'driver failed programming external connectivity on endpoint api-1 (0e9c): Error starting ' +
    'userland proxy: listen tcp4 192.0.2.7:18999: bind: cannot assign requested address',
  'driver failed programming external connectivity on endpoint api-1 (0e9c): Error ' +
    'starting userland proxy: listen tcp6 [fe80::1]:18999: bind: invalid argument',
  'failed to set up container networking: driver failed programming external connectivity on endpoint api-1 ' +
    '(0e9c): failed to bind host port for 192.0.2.7:80:172.18.0.2:80/tcp: cannot assign requested address',
  'driver failed programming external connectivity on endpoint api-1 (0e9c): error ' +
    'while calling PortManager.AddPort(): cannot expose privileged port 80',
  'error gathering device information while adding custom device "/dev/nope": no such file or directory',
  'failed to create shim task: OCI runtime create failed: runc create failed: wrong rlimit value: RLIMIT_NOPE: unknown',
  'failed to create shim task: OCI runtime create failed: runc create failed: unable to start ' +
    'container process: exec: "cat <<EOF": executable file not found in $PATH: unknown',
  'failed to create shim task: OCI runtime create failed: runc create failed: ' +
    'sysctl "kernel.nope" is not in a separate kernel namespace: unknown',
  'OCI runtime exec failed: exec failed: unable to start container process: ' +
    'exec: "nope": stat nope: no such file or directory: unknown',
  'Cannot mkdir: /etc/passwd is not a directory',
  'unable to find user nope: no matching entries in passwd file',
  'unable to find group nope: no matching entries in group file',
  'invalid tmpfs option ["nope" "1"]',
  'Invalid IPC mode: nope',
  'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
  "error while mounting volume '/var/lib/docker/volumes/v/_data': failed to mount local volume: " +
    'mount :/nope:/var/lib/docker/volumes/v/_data, data: addr=127.0.0.1: no such device',
  "error while creating mount source path '/x': mkdir /x: read-only file system",
  'plugin "nope" not found',
  'failed to allocate gateway (10.1.1.1): Requested address is out of range',
  'all predefined address pools have been fully subnetted',
  'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
  "no available IPv4 addresses on this network's address pools: shop_default (0e9c)",
  'no matching manifest for linux/arm64/v8 in the manifest list entries',
  'Get "https://registry.shop.example/v2/": tls: failed to verify ' +
    'certificate: x509: certificate signed by unknown authority',
];

const troubles = [
  'failed to create shim task: OCI runtime create failed: runc create ' +
    'failed: mkdir /run/runc: no space left on device: unknown',
  'failed to initialize logging driver: dial tcp 127.0.0.1:514: connect: connection refused',
  'Get "https://registry-1.docker.io/v2/": dial tcp 192.0.2.1:443: connect: cannot assign requested address',
  'write /var/lib/docker/tmp/GetImageBlob1: no space left on device',
  'ttrpc: closed: unknown',
  'connection error: desc = "transport: error while dialing: dial unix ' +
    '/run/containerd/containerd.sock: connect: no such file or directory": unavailable',
  'error while mounting volume: failed to mount local volume: mount nfs:/data: connection timed out',
];

describe('a failure of Docker', () => {
  const said = (statusCode: number, message: string) =>
    Object.assign(new Error(message), { statusCode, json: { message } });

  it.each<[number, string, string]>([
    [
      500,
      'driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated',
      'software',
    ],
    [500, 'OCI runtime create failed: exec: "nope": executable file not found in $PATH', 'software'],
    [404, 'manifest for acme/api:9 not found: manifest unknown', 'software'],
    [404, 'pull access denied for acme/api, repository does not exist', 'software'],
    [500, 'Get "https://registry.example/v2/api/manifests/1": no basic auth credentials', 'software'],
    [500, 'error parsing HTTP 403 response body: unexpected end of JSON input: ""', 'software'],
    [404, 'No such container: abc', 'missing'],
    [500, 'Cannot update container abc: container is marked for removal and cannot be "update"', 'missing'],
    [500, 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', 'platform'],
    [500, 'toomanyrequests: You have reached your pull rate limit', 'platform'],
    [409, 'task e9c86617e1f6: already exists', 'software'],
    [500, 'id already in use', 'software'],
    [403, 'endpoint with name api-1 already exists in network shop_default', 'platform'],
    [500, 'something nobody has heard of', 'platform'],
    ...mistakes.map((text) => [500, text, 'software'] satisfies [number, string, string]),
    ...troubles.map((text) => [500, text, 'platform'] satisfies [number, string, string]),
    [400, 'bad parameter', 'software'],
  ])('%i "%s" is the trouble of: %s', (status, message, kind) => {
    expect(toRuntimeError(said(status, message)).kind).toBe(kind);
  });

  it.each([
    'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ' +
      'unable to start container process: exec: "/etc/hostname": permission denied: unknown',
    'OCI runtime create failed: runc create failed: exec: "/bin/unauthorized": stat: no such file: unknown',
    'Mounts denied: the path /x is not shared from the host',
  ])('that concerns no registry is not taken for a refused login: %s', (message) => {
    const error = toRuntimeError(said(500, message));
    expect(error).toMatchObject({ kind: 'software', message: `Docker: ${message}` });
    expect(error.reason).toBeUndefined();
  });

  it.each([
    'denied: requested access to the resource is denied',
    'Head "https://ghcr.io/v2/acme/api/manifests/1": denied: denied',
    'unauthorized: authentication required',
  ])('of a registry that refuses a pull is taken for a refused login: %s', (message) => {
    expect(toRuntimeError(said(500, message))).toMatchObject({
      kind: 'software',
      message: `Docker: ${message}`,
      reason: 'denied',
    });
  });

  it("that never reached it is the platform's", () => {
    expect(
      toRuntimeError(Object.assign(new Error('connect ECONNREFUSED /var/run/docker.sock'), { code: 'ECONNREFUSED' })),
    ).toMatchObject({ kind: 'platform', message: 'the Docker Engine does not answer (ECONNREFUSED)' });
  });
  it("that vanished without a word is the platform's, too", async () => {
    const silent = createServer();
    const address = new URL(await listenLocally(silent));
    const runtime = createDockerRuntime({} as SecretReader, {
      docker: new Docker({ protocol: 'http', host: address.hostname, port: address.port }),
      local: false,
      address: '127.0.0.1',
    }).within(testScope);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const seen = runtime.inspect('api-1').catch((error: Error) => error);
    jest.advanceTimersByTime(110_000);
    expect(await seen).toMatchObject({
      kind: 'platform',
      message: 'the Docker Engine does not answer within 110 s',
    });
    jest.useRealTimers();
    stopListening(silent);
  });
  it('that dies while an exit is awaited is survived: the exit is seen all the same', async () => {
    let state = { Status: 'running', Running: true, ExitCode: 0 };
    const Labels = instanceLabels(spec('job', { name: 'job-1' }));
    const mortal = createServer((request, response) => {
      if (!request.url!.includes('/wait'))
        return void response
          .setHeader('Content-Type', 'application/json')
          .end(JSON.stringify({ Id: 'ab12', Name: '/job-1', State: state, Config: { Labels } }));
      response.writeHead(200).write(' ');
      setTimeout(() => {
        state = { Status: 'exited', Running: false, ExitCode: 7 };
        response.destroy();
      }, 50);
    });
    const address = new URL(await listenLocally(mortal));
    const runtime = createDockerRuntime({} as SecretReader, {
      docker: new Docker({ protocol: 'http', host: address.hostname, port: address.port }),
      local: false,
      address: address.hostname,
    }).within(testScope);
    expect(await runtime.waitForExit('job-1', new AbortController().signal)).toBe(7);
    stopListening(mortal);
  }, 30_000);
});

describe('a failure that nobody knows', () => {
  const unclear = (text: string) =>
    toRuntimeError(Object.assign(new Error(text), { statusCode: 500, json: { message: text } }));
  const failing = (...texts: string[]) => {
    const tries = { count: 0 };
    const call = async () => {
      const text = texts[tries.count++] ?? texts.at(-1)!;
      if (text !== 'done') throw unclear(text);
      return text;
    };
    return { tries, call };
  };
  const well = async () => true;

  it('is definite once an engine that is well says it five times', async () => {
    const { tries, call } = failing(
      'the frobnicator of 0123456789ab has no knob 7',
      'the frobnicator of ba9876543210 has no knob 7',
    );
    await expect(untilClear(call, well, undefined, [1, 1, 1, 1])).rejects.toMatchObject({
      kind: 'software',
      message: 'Docker: the frobnicator of ba9876543210 has no knob 7 (the same error in each of 5 attempts)',
    });
    expect(tries.count).toBe(5);
  });

  it.each([
    ['that passes, does no harm', ['odd', 'odd', 'done'], well, 3],
    ["stays the platform's where the engine is not well", ['odd'], async () => false, 1],
    ["stays the platform's where it says something else each time", ['odd', 'even'], well, 2],
  ])('%s', async (_, texts, isWell, count) => {
    const { tries, call } = failing(...texts);
    const end = await untilClear(call, isWell, undefined, [1, 1, 1, 1]).catch(({ kind }: RuntimeError) => kind);
    expect([end, tries.count]).toEqual([texts.includes('done') ? 'done' : 'platform', count]);
  });

  it('of a call that only reads, or is cancelled, is no reason to ask again', async () => {
    const call = failing('odd');
    await expect(untilClear(call.call, well, AbortSignal.abort(), [1, 1, 1, 1])).rejects.toMatchObject({
      kind: 'platform',
      reason: 'unclear',
    });
    expect(call.tries.count).toBe(1);
    const inspect = jest.fn(() => Promise.reject(unclear('odd')));
    const runtime = clearly({ docker: new Docker(), local: true, address: '' }, { inspect } as unknown as Runtime);
    await expect(runtime.inspect('api-1')).rejects.toMatchObject({ kind: 'platform' });
    expect(inspect).toHaveBeenCalledTimes(1);
  });
});

describe('volumes', () => {
  it('that carry no labels of the engine are adopted ones', async () => {
    const labels: Record<string, object | null> = {
      ours: { 'deploy-code.stack': 'shop', 'deploy-code.environment': 'test' },
      theirs: null,
    };
    const engine = createServer((request, response) => {
      const name = request.url!.replace('/volumes/', '');
      response.writeHead(name in labels ? 200 : 404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(name in labels ? { Name: name, Labels: labels[name] } : { message: 'no such volume' }),
      );
    });
    const { hostname: host, port } = new URL(await listenLocally(engine));
    const connection = { docker: new Docker({ protocol: 'http', host, port }), local: false, address: host };
    const runtime = createDockerRuntime({} as SecretReader, connection).within(testScope);
    expect(await runtime.volumes!.adopted(['ours', 'theirs', 'gone'])).toEqual(['theirs', 'gone']);
    stopListening(engine);
  });
});

describe('options of drivers', () => {
  it('get the values of their secrets, but for the device of a volume, which the policy has judged', async () => {
    const asked: Record<string, unknown> = {};
    const engine = createServer((request, response) => {
      void buffer(request).then((body) => {
        if (request.method === 'POST') asked[request.url!.replace(/\?$/, '')] = JSON.parse(body.toString());
        response.writeHead(request.method === 'POST' ? 201 : 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(request.method === 'POST' ? { Id: '1', Name: 'n' } : { message: 'no such thing' }));
      });
    });
    const { hostname: host, port } = new URL(await listenLocally(engine));
    const connection = { docker: new Engine({ protocol: 'http', host, port }), local: false, address: host };
    const secrets: Partial<SecretReader> = {
      texts: ({ secrets: used }) => Promise.resolve({ [used[0]!.name]: 'hunter2' }),
    };
    const { networks, volumes } = createDockerRuntime(secrets as SecretReader, connection).within(testScope);
    const referring = {
      driverOptions: { o: 'password=${sealed:s}', device: '${sealed:s}' },
      secrets: [{ name: 's', source: { sealed: 'v1' }, target: { texts: true as const } }],
    };
    await volumes!.create({ name: 'data', key: 'data', mountedAt: [], ...referring });
    await networks!.create({ name: 'net', key: 'net', internal: false, driver: 'macvlan', ...referring });
    expect(asked).toMatchObject({
      '/volumes/create': { DriverOpts: { o: 'password=hunter2', device: '${sealed:s}' } },
      '/networks/create': { Options: { o: 'password=hunter2' } },
    });
    stopListening(engine);
  });
});

describe('what Docker is asked to create', () => {
  it('is exactly this', () => {
    const instance = spec('api', {
      name: 'shop-test-api-1-d3',
      stack: 'shop',
      image: 'api:1',
      command: ['serve'],
      variables: { A: '1' },
      networks: [{ name: 'shop-test_default', aliases: ['api'] }],
      ports: [{ container: 8080, host: 80, protocol: 'tcp', hostIp: '127.0.0.1' }],
      mounts: [{ type: 'volume', volume: 'shop-test_data', target: '/data', readOnly: false }],
      limit: { cpus: 0.5, memory: 1024 },
      reserve: { memory: 512 },
      restart: 'on-failure:3',
      stopGraceMs: 1500,
      tmpfs: ['/tmp:size=1m'],
      capDrop: ['ALL'],
      readOnly: true,
    });
    const { Labels, ...options } = toCreateRequest(instance, {
      image: 'api:1',
      imageLabels: {},
      variables: { SECRET: 'value' },
    });
    expect(options).toEqual({
      name: 'shop-test-api-1-d3',
      Image: 'api:1',
      Cmd: ['serve'],
      Env: ['A=1', 'SECRET=value'],
      StopTimeout: 2,
      ExposedPorts: { '8080/tcp': {} },
      HostConfig: {
        NetworkMode: 'shop-test_default',
        PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }] },
        Mounts: [{ Type: 'volume', Source: 'shop-test_data', Target: '/data', ReadOnly: false }],
        Tmpfs: { '/tmp': 'size=1m' },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        NanoCpus: 500_000_000,
        Memory: 1024,
        MemoryReservation: 512,
        CapAdd: [],
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        ExtraHosts: [],
      },
      NetworkingConfig: { EndpointsConfig: { 'shop-test_default': { Aliases: ['api'] } } },
    });
    expect(JSON.stringify(Labels)).not.toContain('value');
    expect(Labels).toMatchObject({ 'deploy-code.stack': 'shop', 'com.docker.compose.project': 'shop-test' });
  });

  it('has the names that only this instance knows, which its labels keep', () => {
    const networks = [{ name: 'shop-test_default', aliases: ['api'], links: { db: 'postgres', cache: 'redis' } }];
    const { NetworkingConfig, Labels } = toCreateRequest(spec('api', { networks }), {
      image: 'api:1',
      imageLabels: {},
      variables: {},
    });
    const endpoint = NetworkingConfig!.EndpointsConfig!['shop-test_default']!;
    expect(endpoint).toEqual({ Aliases: ['api'], Links: ['postgres:db', 'redis:cache'] });
    const id = '0123456789abcdef';
    expect(namesAt({ Aliases: ['api', '0123456789ab'], Links: endpoint.Links }, id)).toEqual({
      aliases: ['api'],
      links: { db: 'postgres', cache: 'redis' },
    });
    expect(readLabels(Labels!).names).toEqual(networks);
  });

  const hostConfigOf = (options: Parameters<typeof spec>[1]) =>
    toCreateRequest(spec('api', options), { image: 'api:1', imageLabels: {}, variables: {} }).HostConfig!;

  it('has the devices of the Container Device Interface in one request, as the docker command sends them', () => {
    const device = (source: string) => ({ source, target: source, permissions: 'rwm' });
    const { Devices, DeviceRequests } = hostConfigOf({
      devices: [device('vendor.com/class=one'), device('/dev/null'), device('vendor.com/class=two')],
      deviceRequests: [{ driver: 'nvidia', count: -1, capabilities: ['gpu'], options: {} }],
    });
    expect(Devices).toEqual([{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'rwm' }]);
    expect(DeviceRequests).toEqual([
      { Driver: 'nvidia', Count: -1, Capabilities: [['gpu']], Options: {} },
      { Driver: 'cdi', DeviceIDs: ['vendor.com/class=one', 'vendor.com/class=two'] },
    ]);
  });

  it('has mounts of images, and of folders with what is mounted below them', () => {
    const bind = { type: 'bind' as const, source: '/srv', readOnly: true };
    const { Mounts, Binds } = hostConfigOf({
      mounts: [
        { type: 'image', image: 'acme/data:1', target: '/whole', readOnly: false },
        { type: 'image', image: 'sha256:a', target: '/part', readOnly: true, subpath: 'etc' },
        { ...bind, target: '/disabled', recursive: 'disabled', create: true },
        { ...bind, target: '/writable', recursive: 'writable' },
        { ...bind, target: '/readonly', recursive: 'readonly', propagation: 'rprivate' },
      ],
    });
    const mounted = { Type: 'bind', Source: '/srv', ReadOnly: true };
    expect(Binds).toBeUndefined();
    expect(Mounts).toEqual([
      { Type: 'image', Source: 'acme/data:1', Target: '/whole', ReadOnly: false },
      { Type: 'image', Source: 'sha256:a', Target: '/part', ReadOnly: true, ImageOptions: { Subpath: 'etc' } },
      { ...mounted, Target: '/disabled', BindOptions: { NonRecursive: true, CreateMountpoint: true } },
      { ...mounted, Target: '/writable', BindOptions: { ReadOnlyNonRecursive: true } },
      { ...mounted, Target: '/readonly', BindOptions: { Propagation: 'rprivate', ReadOnlyForceRecursive: true } },
    ]);
  });
});

describe('labels of an image', () => {
  const labelled = {
    'deploy-code.health': '{"probe":{"kind":"tcp","port":1}}',
    'deploy-code.stack': 'bank',
    'com.docker.compose.project': 'bank',
    vendor: 'acme',
  };

  it('say nothing about an instance that is made from it', () => {
    const instance = spec('api', { labels: { 'deploy-code.reserve': '{"memory":1e15}', mine: '1' } });
    const { Labels } = toCreateRequest(instance, { image: 'api:1', imageLabels: labelled, variables: {} });
    const inContainer = { ...labelled, ...Labels };
    expect(readLabels(inContainer)).toEqual(readLabels(instanceLabels(instance)));
    expect(inContainer).toMatchObject({ vendor: 'acme', mine: '1', 'deploy-code.stack': instance.stack });
  });

  it('make no container an instance of the stack that they name', () => {
    const labels = instanceLabels(spec('api', { name: 'shop-test-api-1-d1', stack: 'shop', environment: 'test' }));
    const scope = { stack: 'shop', environment: 'test' };
    expect(isOwn(scope, labels, '/shop-test-api-1-d1')).toBe(true);
    expect(isOwn(scope, labels, '/eager_euler')).toBe(false);
    expect(isOwn({ ...scope, environment: 'other' }, labels, '/shop-test-api-1-d1')).toBe(false);
    expect(isOwn(scope, { ...labels, 'deploy-code.name': '' }, '/shop-test-api-1-d1')).toBe(true);
  });

  it.each(['reserve', 'ports', 'health', 'ordinal', 'kind'])('that cannot be read are named: deploy-code.%s', (key) => {
    const labels = { ...instanceLabels(spec('api')), [`deploy-code.${key}`]: '{"memory":' };
    expect(() => readLabels(labels)).toThrow(`its label deploy-code.${key} cannot be read`);
  });
});

describe('the registry of an image', () => {
  it.each([
    ['postgres:15', 'https://index.docker.io/v1/'],
    ['acme/api:1', 'https://index.docker.io/v1/'],
    ['docker.io/acme/api:1', 'https://index.docker.io/v1/'],
    ['index.docker.io/acme/api:1', 'https://index.docker.io/v1/'],
    ['ghcr.io/acme/api:1', 'ghcr.io'],
    ['localhost:5000/api', 'localhost:5000'],
    ['MYREG/api:1', 'MYREG'],
  ])('%s is %s', (reference, registry) => expect(registryOf(reference)).toBe(registry));
});

describe('the labels of an instance', () => {
  it('keep what a hook needs to open its credentials, and no other source of secrets', () => {
    const sealed = `v1.${'0a'.repeat(8)}.${'k'.repeat(43)}.${'n'.repeat(16)}.${'c'.repeat(30)}`;
    const mount = (source: SecretSource): SecretMount => ({ name: 'api.hook', source, target: { texts: true } });
    const labelsOf = (source: SecretSource) =>
      instanceLabels(spec('api', { preStop: ['leave', sealedReference('api.hook')], preStopSecrets: [mount(source)] }));
    const read = readLabels(labelsOf({ sealed, parts: { TOKEN: sealed } }));
    expect(read).toMatchObject({
      preStop: ['leave', '${sealed:api.hook}'],
      preStopSecrets: [mount({ sealed, parts: { TOKEN: sealed } })],
    });
    for (const source of [{ file: '/etc/shadow' }, { sealed: 'plain' }])
      expect(() => readLabels(labelsOf(source))).toThrow('its label deploy-code.pre-stop-secrets cannot be read');
  });

  it('name the containers outside the stack whose namespaces an instance joins', () => {
    const labels = instanceLabels(spec('api', { networkMode: 'container:vpn', pid: 'container:app' }));
    expect(readLabels(labels)).toMatchObject({ joinsOutside: { network: 'vpn', pid: 'app' } });
    expect(readLabels(instanceLabels(spec('api')))).not.toHaveProperty('joinsOutside');
  });
});

describe('the login at a registry', () => {
  const logins = (password: string) => ({
    at: (registry: string) => Promise.resolve(registry === 'ghcr.io' ? { user: 'ana', password } : undefined),
  });
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-docker-config-'));
  beforeAll(() => {
    const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
    const auths = { 'ghcr.io': auth('config:of-docker'), 'other.example': auth('config:of-docker') };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }));
    process.env.DOCKER_CONFIG = folder;
  });
  afterAll(() => {
    delete process.env.DOCKER_CONFIG;
    rmSync(folder, { recursive: true });
  });

  it("comes before Docker's own configuration, and goes to its registry only", async () => {
    expect(await credentialsFor('GHCR.io/acme/api:1', logins('secret'))).toEqual({
      username: 'ana',
      password: 'secret',
      serveraddress: 'GHCR.io',
    });
    for (const name of ['other.example/api', 'ghcr.io:443/api', 'ghcr.io.evil.example/api', 'acme/ghcr.io', 'api'])
      expect(JSON.stringify((await credentialsFor(name, logins('secret'))) ?? {})).not.toContain('secret');
    expect(await credentialsFor('other.example/api', logins('secret'))).toMatchObject({ username: 'config' });
    expect(await credentialsFor('ghcr.io/api')).toMatchObject({ username: 'config' });
  });

  it('that cannot be read fails the pull', async () => {
    const broken = { at: () => Promise.reject(new Error('Temporal does not answer')) };
    await expect(credentialsFor('ghcr.io/api', broken)).rejects.toThrow('Temporal does not answer');
  });
});
