import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadStack, StackFileError } from '../../src/config';
import { problemsIn } from '../support/problems';
import { stackOf } from '../support/stack';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-names-'));

/** The problems of a stack whose one service has these keys, `path: message` each. */
function problemsOf(service: object, stack: object = {}): string[] {
  const file = join(folder, 'stack.yaml');
  writeFileSync(file, stringify({ name: 'shop', services: { api: { image: 'api:1', ...service } }, ...stack }));
  try {
    loadStack({ file, shell: {} });
    return [];
  } catch (error) {
    return (error as StackFileError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const elsewhere = [
  '../../..//evil.invalid/y',
  '//evil.invalid/y',
  '../containers/victim?force=1&x=',
  'a/../b',
  'a?b',
  'a#b',
  'a b',
  'a\0b',
  'a\nb',
  'é/ü',
  '-oProxyCommand=x',
  '',
  '/a',
  'a/',
  'a//b',
];

describe('a name that would lead elsewhere is refused, with its place and what to write', () => {
  it.each(elsewhere)('%j', (name) => {
    const services: [string, object][] = [
      ['image', { image: name }],
      ['user', { user: name }],
      ['stop_signal', { stop_signal: name }],
      ['cap_add', { cap_add: [name] }],
      ['zone', { zone: name }],
    ];
    for (const [key, service] of services) expect(problemsOf(service).join()).toContain(`services.api.${key}`);
    expect(problemsOf({ networks: ['n'] }, { networks: { n: { name } } }).join()).toContain('networks.n.name');
    expect(problemsOf({ volumes: ['v:/data'] }, { volumes: { v: { name } } }).join()).toContain('volumes.v.name');
    expect(problemsOf({ networks: { default: { aliases: [name] } } }).join()).toContain(
      'services.api.networks.default.aliases',
    );
    expect(problemsOf({}, { infrastructure: { load_balancer: { image: name } } }).join()).toContain(
      'infrastructure.load_balancer.image',
    );
    expect(problemsOf({ strategy: { blue_green: { smoke_test: { command: 'x', image: name } } } }).join()).toContain(
      'smoke_test.image',
    );
    const cluster = { orchestrator: 'Kubernetes' };
    for (const key of ['service_account', 'ingress_class', 'namespace'])
      expect(problemsOf({}, { infrastructure: { ...cluster, kubernetes: { [key]: name } } }).join()).toContain(
        `kubernetes.${key}`,
      );
    expect(problemsOf({}, { infrastructure: { ...cluster, kubernetes: { pull_secrets: [name] } } }).join()).toContain(
      'kubernetes.pull_secrets',
    );
  });

  it.each(['host', 'none', 'default', 'bridge'])(
    '%j as the name of a network: it is a network mode of Docker',
    (name) => {
      const problem = `"${name}" is a network mode of Docker, not the name of a network`;
      const joined = { networks: ['n'] };
      expect(problemsOf(joined, { networks: { n: { external: true, name } } })).toEqual([
        expect.stringContaining(`networks.n.name: ${problem}`),
      ]);
      expect(problemsOf({ networks: [name] }, { networks: { [name]: { external: true } } })).toEqual([
        expect.stringContaining(`networks.${name}: ${problem}`),
      ]);
      expect(problemsOf({ networks: [name] }, { networks: { [name]: {} } })).toEqual([]);
    },
  );

  it('says how to get the network of the host', () => {
    expect(problemsOf({ networks: ['n'] }, { networks: { n: { external: true, name: 'host' } } }).join()).toContain(
      'infrastructure.network.mode: Host',
    );
  });

  it.each(['../x', 'a/../b', '/a', 'a/', 'a//b', 'a?b', 'a%2e%2e', 'a#b', 'a b', '..', '.', ''])(
    '%j as a path in Vault',
    (path) => {
      expect(problemsOf({}, { secrets: { s: { vault: { path, key: 'k' } } } }).join()).toContain('secrets.s.vault');
      expect(problemsOf({}, { secrets: { s: { vault: { path: 'shop', key: 'k', mount: path } } } }).join()).toContain(
        'secrets.s.vault',
      );
      expect(problemsOf({}, { secrets: { s: { vault: `${path}#k` } } }).join()).toContain('secrets.s.vault');
    },
  );

  it('in a map, too', () => {
    for (const name of ['A B', '', 'a=b', 'a\0b']) expect(problemsOf({ environment: { [name]: '1' } })).not.toEqual([]);
    expect(problemsOf({ labels: { 'deploy-code.hash': 'x' } })).toEqual([
      'services.api.labels.deploy-code.hash: labels that begin with ' +
        'deploy-code. are reserved for the engine; choose another name',
    ]);
    expect(problemsOf({ extra_hosts: { db: 'elsewhere' } })).toEqual([
      'services.api.extra_hosts.db: "elsewhere" is not an IP address; write one, or host-gateway',
    ]);
    expect(problemsOf({ health_check: { http: ':80/', headers: { 'X-A': 'a\r\nHost: b' } } }).join()).toContain(
      'contains a character that headers cannot have, such as a line break',
    );
    expect(problemsOf({ health_check: { http: ':80/a b' } }).join()).toContain('without spaces');
    expect(problemsOf({ command: ['x\0y'] })).toEqual(['services.api.command.0: contains a NUL character; remove it']);
  });

  it('in an address: no credentials stand there', () => {
    expect(
      problemsOf({}, { subscribers: { w: { webhook: { url: 'http://user:hunter2@example.com/' } } } }),
    ).toHaveLength(1);
    expect(problemsOf({}, { monitoring: { prometheus: { endpoint: 'ftp://example.com' } } }).join()).toContain(
      'write an http or https address',
    );
  });
});

describe('names as they are', () => {
  it.each([
    'nginx',
    'nginx:1.28',
    'acme/api',
    'ghcr.io/acme/api:v1.2.3-rc.1',
    'localhost:5000/a_b/c--d',
    '127.0.0.1:5000/x',
    '[::1]:5000/x:y',
    'Registry.Example.com/x',
    `api@sha256:${'a'.repeat(64)}`,
    `api:1@sha256:${'a'.repeat(64)}`,
    `sha256:${'b'.repeat(64)}`,
  ])('of images: %s', (image) => expect(problemsOf({ image })).toEqual([]));

  it('of everything else', () => {
    expect(
      problemsOf(
        {
          user: '1000:1000',
          stop_signal: 'SIGQUIT',
          cap_add: ['NET_ADMIN'],
          cap_drop: ['ALL'],
          networks: { n: { aliases: ['db.internal', '_srv'] } },
          volumes: ['v:/data'],
          labels: { 'traefik.http.routers.x.rule': 'Host(`a`)' },
          extra_hosts: ['a:10.0.0.1', 'b:host-gateway', 'c:::1'],
          environment: { 'spring.datasource.url': 'x', A: '' },
          logging: { driver: 'grafana/loki-docker-driver:latest' },
          health_check: { http: 'http://x:80/a?b=%20', headers: { Host: 'shop.example' } },
        },
        {
          networks: { n: { name: 'Team_net-1.x' } },
          volumes: { v: { name: 'v.1' } },
          secrets: { s: { vault: 'team/a_b.c/~x+@#pass word'.replace(' ', '_') } },
        },
      ),
    ).toEqual([]);
  });
});

describe('a link of a service', () => {
  const problemsOf = (network: object, more = {}) =>
    problemsIn(() =>
      stackOf({
        name: 'shop',
        ...more,
        networks: { back: {} },
        services: { api: { image: 'a:1', networks: { back: network } }, db: { image: 'd:1' } },
      }),
    ).map(({ path, message }) => `${path}: ${message}`);

  it.each([
    ['of a name of nobody', { links: { data: 'dbs' } }, {}, 'data: there is no service "dbs" (did you mean "db"?)'],
    ['to another network', { links: { data: 'db' } }, {}, 'data: db is not on the network "back"; let it join'],
    [
      'of a cluster',
      { links: { data: 'api' } },
      { infrastructure: { orchestrator: 'Kubernetes' } },
      'data: links are not supported by Kubernetes; remove it',
    ],
  ])('%s is refused', (_, network, more, message) =>
    expect(problemsOf(network, more)).toContain(`services.api.networks.back.links.${message}`),
  );
});
