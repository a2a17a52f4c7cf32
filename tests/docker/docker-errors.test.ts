import { createServer } from 'node:http';
import Docker from 'dockerode';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { toRuntimeError } from '../../src/runtimes/docker/errors';
import { registryOf } from '../../src/runtimes/docker/credentials';
import { toContainerOptions } from '../../src/runtimes/docker/container-spec';
import { instanceLabels, readLabels } from '../../src/runtimes/docker/labels';
import { isOwn } from '../../src/runtimes/docker/ownership';
import type { SecretReader } from '../../src/runtimes/runtime';
import { spec, testScope } from '../runtimes/contract';
import { listenLocally, stopListening } from '../support/local-server';

describe('a failure of Docker', () => {
  const said = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode, json: { message } });

  it.each([
    [500, 'driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated', 'software'],
    [500, 'OCI runtime create failed: exec: "nope": executable file not found in $PATH', 'software'],
    [404, 'manifest for acme/api:9 not found: manifest unknown', 'software'],
    [404, 'pull access denied for acme/api, repository does not exist', 'software'],
    [404, 'No such container: abc', 'missing'],
    [500, 'Cannot update container abc: container is marked for removal and cannot be "update"', 'missing'],
    [500, 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', 'platform'],
    [500, 'toomanyrequests: You have reached your pull rate limit', 'platform'],
    [409, 'task e9c86617e1f6: already exists', 'software'],
    [500, 'id already in use', 'software'],
    [403, 'endpoint with name api-1 already exists in network shop_default', 'platform'],
    [500, 'something nobody has heard of', 'platform'],
    [400, 'bad parameter', 'software'],
  ])('%i "%s" is the trouble of: %s', (status, message, kind) => {
    expect(toRuntimeError(said(status, message)).kind).toBe(kind);
  });

  it('that never reached it is the platform\'s', () => {
    expect(toRuntimeError(Object.assign(new Error('connect ECONNREFUSED /var/run/docker.sock'), { code: 'ECONNREFUSED' }))).toMatchObject({ kind: 'platform', message: 'the Docker Engine does not answer (ECONNREFUSED)' });
  });
  it('that vanished without a word is the platform\'s, too', async () => {
    const silent = createServer();
    const address = new URL(await listenLocally(silent));
    const runtime = createDockerRuntime({} as SecretReader, { docker: new Docker({ protocol: 'http', host: address.hostname, port: address.port }), local: false, address: '127.0.0.1' }).within(testScope);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const seen = runtime.inspect('api-1').catch((error: Error) => error);
    jest.advanceTimersByTime(110_000);
    expect(await seen).toMatchObject({ kind: 'platform', message: 'the Docker Engine does not answer (not within 110 s)' });
    jest.useRealTimers();
    stopListening(silent);
  });
  it('that dies while an exit is awaited is survived: the exit is seen all the same', async () => {
    let state = { Status: 'running', Running: true, ExitCode: 0 };
    const Labels = instanceLabels(spec('job', { name: 'job-1' }));
    const mortal = createServer((request, response) => {
      if (!request.url!.includes('/wait')) return void response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ Id: 'ab12', Name: '/job-1', State: state, Config: { Labels } }));
      response.writeHead(200).write(' ');
      setTimeout(() => {
        state = { Status: 'exited', Running: false, ExitCode: 7 };
        response.destroy();
      }, 50);
    });
    const address = new URL(await listenLocally(mortal));
    const runtime = createDockerRuntime({} as SecretReader, { docker: new Docker({ protocol: 'http', host: address.hostname, port: address.port }), local: false, address: address.hostname }).within(testScope);
    expect(await runtime.waitForExit('job-1', new AbortController().signal)).toBe(7);
    stopListening(mortal);
  }, 30_000);
});

describe('volumes', () => {
  it('that carry no labels of the engine are adopted ones', async () => {
    const labels: Record<string, object | null> = { ours: { 'deploy-code.stack': 'shop', 'deploy-code.environment': 'test' }, theirs: null };
    const engine = createServer((request, response) => {
      const name = request.url!.replace('/volumes/', '');
      response.writeHead(name in labels ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(name in labels ? { Name: name, Labels: labels[name] } : { message: 'no such volume' }));
    });
    const { hostname: host, port } = new URL(await listenLocally(engine));
    const connection = { docker: new Docker({ protocol: 'http', host, port }), local: false, address: host };
    const runtime = createDockerRuntime({} as SecretReader, connection).within(testScope);
    expect(await runtime.adoptedVolumes!(['ours', 'theirs', 'gone'])).toEqual(['theirs', 'gone']);
    stopListening(engine);
  });
});

describe('what Docker is asked to create', () => {
  it('is exactly this', () => {
    const instance = spec('api', {
      name: 'shop-test-api-1-d3', stack: 'shop', image: 'api:1', command: ['serve'], variables: { A: '1' }, networks: [{ name: 'shop-test_default', aliases: ['api'] }],
      ports: [{ container: 8080, host: 80, protocol: 'tcp', hostIp: '127.0.0.1' }], mounts: [{ type: 'volume', volume: 'shop-test_data', target: '/data', readOnly: false }],
      limit: { cpus: 0.5, memory: 1024 }, reserve: { memory: 512 }, restart: 'on-failure:3', stopGraceMs: 1500, tmpfs: ['/tmp:size=1m'], capDrop: ['ALL'], readOnly: true,
    });
    const { Labels, ...options } = toContainerOptions(instance, { image: 'api:1', imageLabels: {}, variables: { SECRET: 'value' } });
    expect(options).toEqual({
      name: 'shop-test-api-1-d3', Image: 'api:1', Cmd: ['serve'], Env: ['A=1', 'SECRET=value'], StopTimeout: 2, ExposedPorts: { '8080/tcp': {} },
      HostConfig: {
        NetworkMode: 'shop-test_default', PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }] }, Mounts: [{ Type: 'volume', Source: 'shop-test_data', Target: '/data', ReadOnly: false }],
        Tmpfs: { '/tmp': 'size=1m' }, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 }, NanoCpus: 500_000_000, Memory: 1024, MemoryReservation: 512, CapAdd: [], CapDrop: ['ALL'], ReadonlyRootfs: true, ExtraHosts: [],
      },
      NetworkingConfig: { EndpointsConfig: { 'shop-test_default': { Aliases: ['api'] } } },
    });
    expect(JSON.stringify(Labels)).not.toContain('value');
    expect(Labels).toMatchObject({ 'deploy-code.stack': 'shop', 'com.docker.compose.project': 'shop-test' });
  });
});

describe('labels of an image', () => {
  const labelled = { 'deploy-code.health': '{"probe":{"kind":"tcp","port":1}}', 'deploy-code.stack': 'bank', 'com.docker.compose.project': 'bank', vendor: 'acme' };

  it('say nothing about an instance that is made from it', () => {
    const instance = spec('api', { labels: { 'deploy-code.reserve': '{"memory":1e15}', mine: '1' } });
    const { Labels } = toContainerOptions(instance, { image: 'api:1', imageLabels: labelled, variables: {} });
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
    ['ghcr.io/acme/api:1', 'ghcr.io'],
    ['localhost:5000/api', 'localhost:5000'],
    ['MYREG/api:1', 'MYREG'],
  ])('%s is %s', (reference, registry) => expect(registryOf(reference)).toBe(registry));
});
