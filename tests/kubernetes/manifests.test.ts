import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { toManifests, type Values } from '../../src/kubernetes';
import type { InstanceSpec } from '../../src/model/instance';
import { allSteps, emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

type Data = Record<string, unknown>;

const none: Values = { variables: {}, files: [], certificates: [] };

/** The spec of a service as a plan names it. */
function specOf(service: string, services: Data, more: Data = {}): InstanceSpec {
  const { infrastructure = {}, ...rest } = more;
  const stack = stackOf({
    name: 'shop',
    environment: 'staging',
    infrastructure: { orchestrator: 'Kubernetes', ...(infrastructure as Data) },
    services,
    ...rest,
  });
  const { plan: planned, refusals } = plan(stack, emptyObservation(stack), { deployment: 3 });
  expect(refusals).toEqual([]);
  const step = allSteps(planned).find(
    (each) => (each.kind === 'start' || each.kind === 'create-job') && each.service === service,
  );
  return (step as { instance: InstanceSpec }).instance;
}

/** Manifests as `kubectl` would read them, without what is written beside the workload to know it again. */
function printed(spec: InstanceSpec, values = none): string {
  const plain = toManifests(spec, values).map((manifest) => ({
    ...manifest,
    metadata: { ...manifest.metadata, annotations: undefined },
  }));
  return plain
    .map((manifest) => stringify(JSON.parse(JSON.stringify(manifest))))
    .join('---\n')
    .replaceAll(spec.hash, 'HASH');
}

const expected = (name: string): string => readFileSync(join(__dirname, 'expected', `${name}.yaml`), 'utf8');

describe('the manifests of a service', () => {
  it('without volumes: a Deployment with probes and limits, a Service, a budget for its pods, and a host name', () => {
    const spec = specOf(
      'api',
      {
        api: {
          image: 'acme/api:1',
          replicas: 3,
          command: ['serve', '--port=8080'],
          environment: { LEVEL: 'info', PRICE: '5$(x)' },
          user: '1000:1000',
          ports: ['80:8080'],
          expose: { port: 8080, host: 'Shop.example.com', path: '/api' },
          health_check: { http: ':8080/healthz', interval: '5s', timeout: '2s', retries: 3, start_period: '20s' },
          resources: { reserve: { cpus: 0.25, memory: '64M' }, limit: { cpus: 1, memory: '128M' } },
          stop_grace_period: '30s',
          strategy: { rolling: { max_surge: 2, min_healthy_time: '4s' } },
          hooks: { pre_stop: ['sleep', '1'] },
          labels: { team: 'shop' },
          zone: 'eu-1a',
          read_only: true,
          tmpfs: ['/tmp:size=16m'],
        },
      },
      {
        infrastructure: { kubernetes: { ingress_class: 'nginx', pull_secrets: ['registry'], service_account: 'api' } },
      },
    );
    expect(printed(spec)).toBe(expected('stateless'));
  });

  it('replaced while it serves: its pods serve on until everybody has heard, unless a hook sees to that', () => {
    const podOf = (more: Data) => {
      const workload = toManifests(
        specOf('api', {
          api: { image: 'acme/api:1', health_check: { http: ':8080/' }, stop_grace_period: '5s', ...more },
        }),
        none,
      ).find(({ kind }) => kind === 'Deployment') as {
        spec: { template: { spec: { terminationGracePeriodSeconds: number; containers: { lifecycle?: unknown }[] } } };
      };
      const {
        terminationGracePeriodSeconds: grace,
        containers: [container],
      } = workload.spec.template.spec;
      return { grace, lifecycle: container!.lifecycle };
    };
    expect(podOf({})).toEqual({ grace: 7, lifecycle: { preStop: { sleep: { seconds: 2 } } } });
    expect(podOf({ hooks: { pre_stop: ['leave'] } })).toEqual({
      grace: 5,
      lifecycle: { preStop: { exec: { command: ['leave'] } } },
    });
    expect(podOf({ strategy: 'recreate' })).toEqual({ grace: 5, lifecycle: undefined });
  });

  it('that others depend on: its pods count once every node has heard of them, be it by the name of an address', () => {
    const seconds = (more: Data, services: Data = { web: { image: 'acme/web:1', depends_on: ['api'] } }) => {
      const workload = toManifests(specOf('api', { api: { image: 'acme/api:1', ...more }, ...services }), none).find(
        ({ kind }) => kind === 'Deployment',
      ) as { spec: { minReadySeconds: number } };
      return workload.spec.minReadySeconds;
    };
    const reached = { health_check: { http: ':8080/' } };
    expect([seconds(reached), seconds({ ports: ['80:8080'] }), seconds({ ...reached, strategy: 'recreate' })]).toEqual([
      1, 1, 1,
    ]);
    expect([seconds(reached, {}), seconds({ health_check: { command: ['true'] } })]).toEqual([0, 0]);
    expect(seconds({ ...reached, strategy: { rolling: { min_healthy_time: '4s' } } })).toBe(4);
  });

  it('that holds data: a StatefulSet over a claim, by a name that leads to its pod', () => {
    const spec = specOf(
      'postgres',
      {
        postgres: {
          image: 'postgres:15',
          volumes: ['pgdata:/var/lib/postgresql/data'],
          health_check: { command: ['pg_isready'] },
          shm_size: '64M',
          cap_add: ['SYS_NICE'],
        },
      },
      { volumes: { pgdata: {} } },
    );
    expect(printed(spec)).toBe(expected('stateful'));
  });

  it('with configs and secrets: each version has its own contents; no value stands in the pod or in a name', () => {
    const spec = specOf(
      'api',
      {
        api: {
          image: 'acme/api:1',
          user: '1000',
          configs: { page: '/etc/page.html' },
          secrets: ['token', { source: 'password', environment: 'PASSWORD' }],
        },
      },
      {
        configs: { page: { content: 'hello' } },
        secrets: { token: { environment: 'T' }, password: { environment: 'P' } },
      },
    );
    const values: Values = {
      variables: { PASSWORD: 'hunter2' },
      files: [{ path: '/run/secrets/token', mode: 0o440, content: Buffer.from('hunter3') }],
      certificates: [],
    };
    expect(printed(spec, values)).toBe(expected('contents'));
    expect(
      toManifests({ ...spec, hash: 'other' }, values)
        .filter(({ kind }) => kind === 'Secret')
        .map(({ metadata }) => metadata.name),
    ).not.toEqual(
      toManifests(spec, values)
        .filter(({ kind }) => kind === 'Secret')
        .map(({ metadata }) => metadata.name),
    );
  });

  it('on networks: only services that share one reach it, and everybody reaches what is published', () => {
    const spec = specOf(
      'api',
      { api: { image: 'acme/api:1', networks: ['backend', 'data'], ports: ['80:8080'] } },
      { networks: { backend: {}, data: {} } },
    );
    expect(printed(spec)).toBe(expected('isolated'));
  });

  it('with certificates: in a Secret for each version, by name from the namespace, or those of the gateway', () => {
    const routes = [
      { host: 'shop.example.com', tls: { certificate: 'chain', key: 'key' } },
      { host: 'www.example.com', tls: { certificate: 'chain', key: 'key' } },
      { host: 'api.example.com', tls: { secret: 'of-cert-manager' } },
      { host: 'any.example.com', tls: true },
      { host: 'plain.example.com' },
    ];
    const spec = specOf(
      'api',
      { api: { image: 'acme/api:1', expose: routes.map((route) => ({ port: 8080, ...route })) } },
      { secrets: { chain: { file: 'chain.pem' }, key: { file: 'key.pem' } } },
    );
    const values: Values = { ...none, certificates: [{ certificate: 'CHAIN', key: 'KEY' }] };
    expect(printed(spec, values)).toBe(expected('certificates'));
    const holder = (hash: string) =>
      toManifests({ ...spec, hash }, values).find(({ kind }) => kind === 'Secret')!.metadata.name;
    expect(holder('one')).not.toBe(holder('other'));
  });

  it('behind a Gateway: a route for each host name, and for what runs beside it a name but no way in', () => {
    const spec = specOf(
      'api',
      {
        api: {
          image: 'acme/api:1',
          expose: [
            { port: 8080, host: 'shop.example.com', path: '/api' },
            { port: 8080, host: 'shop.example.com', path: '/v1' },
            { port: 9090 },
          ],
        },
      },
      { infrastructure: { kubernetes: { gateway: 'infra/public' } } },
    );
    expect(printed(spec)).toBe(expected('gateway'));
    const besides = (which: 'canary' | 'next') =>
      toManifests(
        { ...spec, name: `shop-staging/api-${which}`, workload: { ...spec.workload!, beside: which } },
        none,
      ).map(({ kind, metadata: { name } }) => `${kind} ${name}`);
    expect(besides('canary')).toEqual(['Service api-canary', 'Deployment api-canary']);
    expect(besides('next')).toEqual(['Service api-next', 'Deployment api-next']);
  });

  it('on ports of nodes: its own name alone has the published one, for a cluster gives each once', () => {
    const spec = specOf(
      'api',
      { api: { image: 'acme/api:1', ports: ['30080:8080'], networks: { default: { aliases: ['backend'] } } } },
      { infrastructure: { kubernetes: { service_type: 'NodePort' } } },
    );
    const given = (of: InstanceSpec) =>
      toManifests(of, none).flatMap((each) =>
        each.kind === 'Service'
          ? [[each.metadata.name, each.spec!.ports!.flatMap(({ nodePort }) => nodePort ?? [])]]
          : [],
      );
    expect(given(spec)).toEqual([
      ['api', [30_080]],
      ['backend', []],
    ]);
    expect(given({ ...spec, name: 'shop-staging/api-next', workload: { ...spec.workload!, beside: 'next' } })).toEqual([
      ['api-next', []],
    ]);
  });

  it('that is a job: one pod, never again', () => {
    expect(printed(specOf('migrate', { migrate: { image: 'acme/api:1', kind: 'job', command: ['migrate'] } }))).toBe(
      expected('job'),
    );
  });
});
