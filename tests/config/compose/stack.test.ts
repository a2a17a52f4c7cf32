import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { reveal } from '../../../src/model/text/marks';
import { mapValues } from '../../../src/model/map-values';
import { formatProblem, loadStack, StackFileError, type LoadedStack, type LoadOptions } from '../../../src/config';

/** A folder called `blog` with these files. */
function folderWith(files: Record<string, string>): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-compose-')), 'blog');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function load(text: string, options: LoadOptions = {}, files: Record<string, string> = {}): LoadedStack {
  const folder = folderWith({ 'compose.yaml': text, ...files });
  return loadStack({ file: join(folder, 'compose.yaml'), shell: {}, ...options });
}

const service = (text: string, options: LoadOptions = {}) =>
  load(`services:\n  app:\n    image: busybox:1\n    ${text.replaceAll('\n', '\n    ')}\n`, options).stack.services
    .app!;

/** `line path: message`, without the folder. */
const problemsOf = (text: string, options: LoadOptions = {}, files: Record<string, string> = {}): string[] => {
  try {
    return load(text, options, files).warnings.map((problem) => formatProblem({ ...problem, file: undefined }));
  } catch (error) {
    if (!(error instanceof StackFileError)) throw error;
    return error.problems.map((problem) => formatProblem({ ...problem, file: undefined }));
  }
};

describe('what a service says in several places', () => {
  const ofApp = (text: string) => service(text);
  it.each([
    ['restart: always\ndeploy: {restart_policy: {condition: on-failure, max_attempts: 2}}', 'on-failure:2'],
    ['deploy: {restart_policy: {condition: unless-stopped}}', 'unless-stopped'],
    ['deploy: {restart_policy: {condition: always}}', 'always'],
    ['restart: always\ndeploy: {restart_policy: {condition: none}}', 'no'],
    ['restart: "${NOT_SET}"', 'no'],
  ])('%s restarts: %s', (text, restart) => expect(ofApp(text).restart).toBe(restart));

  it('a policy that Docker does not know is refused, and attempts that it does not count are named', () => {
    const of = (policy: string) => `services: {a: {image: "x:1", deploy: {restart_policy: ${policy}}}}\n`;
    expect(problemsOf(of('{condition: foo}'))).toEqual([
      expect.stringMatching(
        /^1:.* services\.a\.deploy\.restart_policy\.condition: must be one of none, no, on-failure/,
      ),
    ]);
    expect(problemsOf(of('{condition: any, max_attempts: 2}'))).toEqual([
      expect.stringContaining('max_attempts: has no effect'),
    ]);
  });

  it('start-first rolls where it can, else the reason is named', () => {
    const roll = 'deploy: {update_config: {order: start-first}}';
    expect(ofApp(`${roll}\nhealthcheck: {test: "true"}`).strategy).toMatchObject({ kind: 'rolling' });
    for (const [more, reason] of [
      ['', 'the service has no healthcheck'],
      ['healthcheck: {test: "true"}, ports: ["8080:80"],', 'only one instance can have the host port 8080'],
      ['healthcheck: {test: "true"}, volumes: [/data],', 'would write to the volume at /data at once'],
      ['healthcheck: {test: "true"}, pid: "service:b",', 'shares a namespace'],
    ]) {
      const text = `services: {a: {image: "x:1", ${more} ${roll}}, b: {image: "x:1"}}\n`;
      expect(problemsOf(text)).toEqual([expect.stringContaining(reason!)]);
      expect(load(text).stack.services.a!.strategy).toMatchObject({ kind: 'recreate' });
    }
  });
});

describe('what a Compose file cannot have here is named, each part once', () => {
  it('a wrong and a missing value, also after a list item that is left out, hide nothing else', () => {
    const text = [
      'services:',
      '  a: {image: "x:1", depends_on: {b: {condition: service_ok}}, ports: [{published: 80}, "99999:80"]}',
      '  b: {image: "x:1", restart: sometimes, depends_on: {c: {restart: true}}}',
      '  c: {image: "x:1", volumes: [{type: bogus, target: /x}]}',
      '',
    ].join('\n');
    const conditions = 'must be one of service_started, service_healthy, service_completed_successfully';
    expect(problemsOf(text)).toEqual([
      `2:38 services.a.depends_on.b.condition: ${conditions}`,
      '2:71 services.a.ports.0.target: is required',
      `3:54 services.b.depends_on.c.condition: is required and ${conditions}`,
      '4:32 services.c.volumes.0.type: must be one of bind, volume, tmpfs, cluster, npipe, image',
      expect.stringMatching(/^2:88 services\.a\.ports\.1: "99999:80" is not a port/),
      expect.stringMatching(/^3:\d+ services\.b\.restart: use no, always/),
    ]);
  });

  it('options of secrets and configs that a Swarm has', () => {
    const use = 'services: {a: {image: "x:1", secrets: [s], configs: [c]}}\n';
    const declared = 'secrets: {s: {file: ./s, driver: d}}\nconfigs: {c: {content: x, labels: {a: b}}}\n';
    expect(problemsOf(use + declared, {}, { s: 'secret' })).toEqual([
      expect.stringContaining('secrets.s.driver: is for a Swarm; remove it'),
    ]);
    expect(problemsOf(use.replace('secrets: [s], ', '') + declared)).toEqual([
      expect.stringContaining('configs.c.labels: has no effect: it is no object of Docker'),
    ]);
  });

  it('one container name for two services, and what a job does without', () => {
    expect(
      problemsOf('services: {a: {image: "x:1", container_name: me}, b: {image: "x:1", container_name: me}}\n'),
    ).toEqual([expect.stringContaining('services.b.container_name: is the name of a too')]);
    const job = 'b: {image: "x:1", restart: always, healthcheck: {test: "true"}}';
    const after = 'a: {image: "x:1", depends_on: {b: {condition: service_completed_successfully}}}';
    expect(problemsOf(`services: {${job}, ${after}}\n`)).toEqual([
      expect.stringContaining('services.b.restart: has no effect'),
      expect.stringContaining('services.b.healthcheck: has no effect'),
    ]);
  });
});

it('empty texts of keys mean that they are not set', () => {
  const keys = ['user', 'hostname', 'domainname', 'network_mode', 'pid', 'ipc', 'platform', 'runtime', 'userns_mode']
    .concat(['stop_signal', 'cpuset', 'cgroup_parent', 'mac_address', 'working_dir'])
    .map((key) => `${key}: ""`);
  const empty = service(['tmpfs: ""', 'logging: {driver: ""}', ...keys].join('\n'));
  expect({ ...empty, logging: undefined }).toEqual({ ...service('attach: true'), logging: undefined });
});

it('a service may mount its volume at two paths', () => {
  const { stack } = load('services: {a: {image: "x:1", volumes: ["v:/v", "v:/w"]}}\nvolumes: {v: }\n');
  expect(stack.services.a!.mounts.map(({ target }) => target)).toEqual(['/v', '/w']);
});

it('a variable that an env file makes of a credential is one too', () => {
  const { stack } = load(
    'services: {a: {image: "x:1", environment: {CONN: "${DSN}"}, command: [echo, "${DSN}"]}}\n',
    {},
    { '.env': 'DB_PASSWORD=hunter2\nDSN=pg:${DB_PASSWORD}@db\n' },
  );
  expect(JSON.stringify(stack)).not.toContain('hunter2');
  expect(stack.services.a!.command).toHaveLength(2);
});

describe('what Compose does by default is what a Compose file gets', () => {
  it('no restarts, 30 s for a probe, and the name of the folder', () => {
    const { stack } = load(
      'services:\n  app: {image: "busybox:1", healthcheck: {test: "true"}}\n  db: {image: "busybox:1"}\n',
    );
    expect(stack).toMatchObject({ name: 'blog', environment: 'production' });
    expect(stack.services.app).toMatchObject({
      restart: 'no',
      healthCheck: { probe: { kind: 'command', command: ['/bin/sh', '-c', 'true'] }, timeoutMs: 30_000, retries: 3 },
    });
    expect(stack.services.db!.healthCheck).toBeUndefined();
  });

  it('a service may complete if nothing starts it again, waits for its health, or has to reach it', () => {
    const completes = (app: string, other = '{image: "busybox:1"}', more = '') =>
      load(`services: {app: {image: "busybox:1"${app && `, ${app}`}}, other: ${other}}\n${more}`).stack.services.app!
        .mayComplete;
    const { stack } = load(
      'services: {a: {image: "x:1", restart: on-failure:3}, b: {image: "x:1", restart: always}}\n',
    );
    expect(stack.services.a!.mayComplete).toBe(true);
    expect(stack.services.b!.mayComplete).toBeUndefined();
    for (const app of ['', 'restart: "no"', 'restart: on-failure', 'healthcheck: {disable: true}', 'scale: 2'])
      expect(completes(app)).toBe(true);
    for (const app of ['restart: unless-stopped', 'healthcheck: {test: "true"}', 'ports: ["80"]', 'expose: ["80"]'])
      expect(completes(app)).toBeUndefined();
    for (const own of ['may_complete: false', 'kind: job', 'restart: always'])
      expect(completes(`x-deploy-code: {${own}}`)).toBeUndefined();
    expect(completes('', '{image: "busybox:1", network_mode: "service:app"}')).toBeUndefined();
    expect(completes('', '{image: "busybox:1", depends_on: {app: {condition: service_started}}}')).toBe(true);
    expect(completes('', '{image: "busybox:1", depends_on: {app: {condition: service_healthy}}}')).toBeUndefined();
  });

  it('on a cluster, only its restart policy is refused', () =>
    expect(
      problemsOf('services: {app: {image: "x:1"}}\nx-deploy-code: {infrastructure: {orchestrator: Kubernetes}}\n'),
    ).toEqual([expect.stringContaining('services.app.restart: Kubernetes always restarts a service')]));

  it('where that contradicts the rest, it is refused', () => {
    const of = (text: string) => problemsOf(`services: {app: {image: "busybox:1", ${text}}}\n`);
    expect(of('restart: always, x-deploy-code: {may_complete: true}')).toEqual([
      expect.stringContaining('contradicts the restart policy always'),
    ]);
    expect(of('x-deploy-code: {may_complete: true, kind: job}')).toEqual([
      expect.stringContaining('may_complete: does not apply to jobs'),
    ]);
  });

  it('volumes with the names that Compose gave them, in production only', () => {
    const text = 'services: {db: {image: "busybox:1", volumes: ["data:/data"]}}\nvolumes: {data: , unused: }\n';
    expect(load(text).stack.volumes).toEqual({ data: { name: 'blog_data', external: false, shared: false } });
    expect(load(text, { environment: 'staging' }).stack.volumes.data!.name).toBeUndefined();
  });

  it('volumes that several services write to are shared', () => {
    const mount = (options = '') => `{image: "busybox:1", volumes: ["data:/data${options}"]}`;
    const shared = (b: string) =>
      load(`services: {a: ${mount()}, b: ${b}}\nvolumes: {data: }\n`).stack.volumes.data!.shared;
    expect(shared(mount())).toBe(true);
    expect(shared(mount(':ro'))).toBe(false);
  });

  it('folders of bind mounts are made, and those without a name keep their data', () => {
    const { stack } = load('services: {app: {image: "busybox:1", volumes: ["./x:/x:ro,z", /var/lib/app]}}\n');
    expect(stack.services.app!.mounts).toEqual([
      {
        type: 'bind',
        source: expect.stringMatching(/\/blog\/x$/),
        target: '/x',
        readOnly: true,
        relative: false,
        create: true,
        selinux: 'z',
      },
      { type: 'volume', volume: 'app-var-lib-app', target: '/var/lib/app', readOnly: false, perReplica: true },
    ]);
    expect(Object.keys(stack.volumes)).toEqual(['app-var-lib-app']);
  });

  it('volumes without a name are of one replica each', () => {
    const app = 'app: {image: "busybox:1", scale: 3, volumes: [/data]}';
    const { volumes, services } = load(
      `services: {${app}, reader: {image: "busybox:1", volumes_from: ["app:ro"]}}\n`,
    ).stack;
    expect(volumes).toEqual(
      Object.fromEntries(
        ['app-data', 'app-data-2', 'app-data-3'].map((key) => [key, { external: false, shared: false }]),
      ),
    );
    expect(services.reader!.mounts).toEqual([{ type: 'volume', volume: 'app-data', target: '/data', readOnly: true }]);
    const own = (more: string) => problemsOf(`services: {${app}}\n${more}`)[0];
    expect(own('x-deploy-code: {volumes: {app-data: {external: true}}}\n')).toContain(
      'replicas of their own volumes cannot share the external volume app-data; remove per_replica',
    );
    expect(own('x-deploy-code: {volumes: {app-data-2: {}}}\n')).toContain('app-data-2 is also a volume of the file');
  });

  it('dependencies with the conditions as written; who completes is a job', () => {
    const { stack } = load(
      'services:\n  app:\n    image: busybox:1\n    depends_on:\n      db: {condition: service_healthy}\n' +
        '      migrate: {condition: service_completed_successfully}\n      cache: {condition: service_started}\n' +
        '  db: {image: "busybox:1"}\n  cache: {image: "busybox:1", healthcheck: {test: "true"}}\n' +
        '  migrate: {image: "busybox:1", restart: on-failure, healthcheck: {test: "true"}}\n' +
        '  late: {image: "busybox:1", depends_on: [migrate]}\n',
    );
    expect(stack.services.app!.dependsOn).toEqual({ db: 'healthy', migrate: 'completed', cache: 'started' });
    expect(stack.services.late!.dependsOn).toEqual({ migrate: 'completed' });
    expect(stack.services.db!.healthCheck!.probe).toEqual({ kind: 'runtime' });
    expect(stack.services.migrate).toMatchObject({ kind: 'job', restart: 'on-failure:10' });
    expect(stack.services.migrate!.healthCheck).toBeUndefined();
  });
});

describe('a key of Compose', () => {
  it.each<[string, unknown]>([
    ['restart: on-failure:3', { restart: 'on-failure:3' }],
    ['deploy: {restart_policy: {condition: any}}', { restart: 'always' }],
    ['deploy: {replicas: 2}', { replicas: 2 }],
    ['scale: 0', { replicas: 0 }],
    [
      'mem_limit: 64m\ncpus: "0.5"\nmem_reservation: 32m',
      { limit: { memory: 67108864, cpus: 0.5 }, reserve: { memory: 33554432 } },
    ],
    [
      'deploy: {resources: {limits: {cpus: "0", memory: 1g, pids: 50}}}',
      { limit: { memory: 1073741824 }, pidsLimit: 50 },
    ],
    [
      'environment: {A: 1.10, B: 0123, C: 1e3, D: 12345678901234567890, E: true, F: }',
      { variables: { A: '1.10', B: '0123', C: '1e3', D: '12345678901234567890', E: 'true' } },
    ],
    ['labels: {a: 1.10, b: true}', { labels: { a: '1.10', b: 'true' } }],
    ['command: sh -c "echo a b"', { command: ['sh', '-c', 'echo a b'] }],
    ['command: []\nentrypoint: ""', { command: [], entrypoint: [] }],
    ['extra_hosts: ["v6=::1", "two:1.1.1.1", "two:2.2.2.2"]', { extraHosts: ['v6:::1', 'two:1.1.1.1', 'two:2.2.2.2'] }],
    ['network_mode: host', { networkMode: 'host', networks: {} }],
    ['network_mode: none', { networkMode: 'none', networks: {} }],
    ['network_mode: my-net', { networkMode: 'network:my-net', networks: {} }],
    [
      'ports: ["44012-44013:84-85", "8000-8010:86/udp", "[::1]:44019:89"]',
      {
        ports: [
          { container: 84, published: { from: 44012, to: 44012 }, protocol: 'tcp' },
          { container: 85, published: { from: 44013, to: 44013 }, protocol: 'tcp' },
          { container: 86, published: { from: 8000, to: 8010 }, protocol: 'udp' },
          { container: 89, published: { from: 44019, to: 44019 }, hostIp: '::1', protocol: 'tcp' },
        ],
      },
    ],
    ['expose: [80]\nattach: false', { ports: [] }],
    ['gpus: all', { deviceRequests: [{ driver: '', count: -1, capabilities: ['gpu'], options: {} }] }],
    [
      'deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu, compute]}]}}}',
      {
        deviceRequests: [{ driver: 'nvidia', count: 1, capabilities: ['gpu', 'compute'], options: {} }],
      },
    ],
    ['healthcheck: {disable: true}', { healthDisabled: true }],
    ['healthcheck: {test: [NONE]}', { healthDisabled: true }],
    [
      'healthcheck: {test: [CMD, a, b], interval: 1m30s, retries: 0, start_period: 10s}',
      {
        healthCheck: {
          probe: { kind: 'command', command: ['a', 'b'] },
          intervalMs: 90_000,
          retries: 3,
          startPeriodMs: 10_000,
        },
      },
    ],
    ['healthcheck: {interval: 5s}', { healthCheck: { probe: { kind: 'runtime' }, intervalMs: 5000 } }],
    [
      'deploy: {update_config: {order: start-first, parallelism: 2, monitor: 10s}}\nhealthcheck: {test: "true"}',
      {
        strategy: { kind: 'rolling', maxSurge: 2, maxUnavailable: 0, minHealthyMs: 10_000 },
      },
    ],
    ['post_start: [{command: echo a}]', { hooks: { postStart: ['echo', 'a'] } }],
    [
      'pre_stop: [{command: [echo, "it\'s"]}, {command: b}]',
      { hooks: { preStop: ['/bin/sh', '-c', "echo 'it'\\''s' && b"] } },
    ],
    [
      'tmpfs: ["/run:size=64k"]\nvolumes: [{type: tmpfs, target: /t, tmpfs: {size: 1mb, mode: 0700}, read_only: true}]',
      {
        tmpfs: ['/run:size=64k', '/t:size=1m,mode=0700,ro'],
      },
    ],
    ['pull_policy: if_not_present', { pullPolicy: 'missing' }],
    ['pull_policy: daily', { pullPolicy: 'always', pullAfterMs: 86_400_000 }],
    ['pull_policy: every_1w12h', { pullPolicy: 'always', pullAfterMs: 648_000_000 }],
    ['pull_policy: refresh\npull_refresh_after: 30m', { pullPolicy: 'always', pullAfterMs: 1_800_000 }],
    ['pull_policy: build', { pullPolicy: 'missing' }],
    [
      'platform: linux/amd64\nmac_address: 02:42:ac:11:65:43\ndomainname: d.x',
      { platform: 'linux/amd64', macAddress: '02:42:ac:11:65:43', domainName: 'd.x' },
    ],
    [
      'blkio_config: {weight: 300, device_read_bps: [{path: /dev/sda, rate: 12mb}]}',
      {
        blkio: {
          weight: 300,
          weightDevice: [],
          readBps: [{ path: '/dev/sda', rate: 12582912 }],
          readIops: [],
          writeBps: [],
          writeIops: [],
        },
      },
    ],
    [
      'devices: [vendor.com/class=name, /dev/a]',
      {
        devices: [
          { source: 'vendor.com/class=name', target: 'vendor.com/class=name', permissions: 'rwm' },
          { source: '/dev/a', target: '/dev/a', permissions: 'rwm' },
        ],
      },
    ],
    [
      'volumes: [{type: image, source: "alpine:3", target: /part, read_only: true, image: {subpath: etc}}, ' +
        '{type: bind, source: /srv, target: /srv, bind: {recursive: disabled}}]',
      {
        mounts: [
          { type: 'image', image: 'alpine:3', target: '/part', readOnly: true, subpath: 'etc' },
          { type: 'bind', source: '/srv', target: '/srv', readOnly: false, create: true, recursive: 'disabled' },
        ],
      },
    ],
    ['x-deploy-code: {replicas: 3, phase: 2}', { replicas: 3, phase: 2 }],
  ])('is carried over: %s', (text, expected) => expect(service(text)).toMatchObject(expected as object));

  it('of networks, with fixed addresses and the names of containers, hosts and links', () => {
    const { stack } = load(
      'services:\n  db:\n    image: busybox:1\n    container_name: my-db\n    hostname: dbhost\n' +
        '    networks: {back: {ipv4_address: 10.9.0.5, aliases: [data]}}\n' +
        '  app: {image: "busybox:1", links: ["db:database"], networks: [back, front]}\n' +
        'networks:\n  back:\n    driver_opts: {a: 1}\n    ipam:\n' +
        '      config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.9, aux_addresses: {router: 10.9.0.2}}]\n' +
        '  front: {name: edge, enable_ipv6: true}\n',
    );
    expect(stack.services.db!.networks).toEqual({
      back: { aliases: ['data', 'my-db', 'dbhost', 'database'], settings: { ipv4: '10.9.0.5' } },
    });
    expect(stack.services.app!.dependsOn).toEqual({ db: 'started' });
    expect(stack.networks).toEqual({
      back: {
        external: false,
        internal: false,
        driverOptions: { a: '1' },
        ipam: { pools: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.9', auxiliary: { router: '10.9.0.2' } }] },
      },
      front: { name: 'edge', external: false, internal: false, ipv6: true },
    });
  });

  it('of links whose names mean other services elsewhere, which only their service knows', () => {
    const { stack, warnings } = load(
      'services:\n  app: {image: "busybox:1", links: ["one:db", "two:db", "one:cache"], networks: [back, front]}\n' +
        '  web: {image: "busybox:1", links: ["two:one"]}\n  one: {image: "busybox:1", networks: [back, default]}\n' +
        '  two: {image: "busybox:1", networks: [back, default]}\nnetworks: {back: , front: }\n',
    );
    expect(mapValues(stack.services, ({ networks }) => networks)).toEqual({
      app: { back: { aliases: [], links: { db: 'two' } }, front: { aliases: [] } },
      web: { default: { aliases: [], links: { one: 'two' } } },
      one: { back: { aliases: ['cache'] }, default: { aliases: ['cache'] } },
      two: { back: { aliases: [] }, default: { aliases: [] } },
    });
    expect(warnings.map((each) => formatProblem(each)).join()).toContain(
      'services.app.links: one:db has no effect: the later two:db counts',
    );
  });

  it('with the volumes of another service', () => {
    const { stack } = load(
      'services:\n  a: {image: "busybox:1", volumes: ["v:/v"]}\n  b: {image: "busybox:1", volumes_from: ["a:ro"]}\n' +
        'volumes: {v: }\n',
    );
    expect(stack.services.b).toMatchObject({
      mounts: [{ volume: 'v', target: '/v', readOnly: true }],
      dependsOn: { a: 'started' },
    });
  });

  it('with volumes of its own where they have no names, also for those that take them', () => {
    const { stack } = load(
      'services:\n  a: {image: "busybox:1", volumes: [/b-c, /b/c]}\n  a-b: {image: "busybox:1", volumes: [/c]}\n' +
        '  d: {image: "busybox:1", volumes_from: [a]}\n  e: {image: "busybox:1", volumes: [/data, "e-data:/e"]}\n' +
        'volumes: {e-data: }\n',
    );
    const names = (name: string) =>
      stack.services[name]!.mounts.map((mount) => (mount.type === 'volume' ? mount.volume : undefined));
    const digits = (name: string) => expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{8}$`)) as string;
    expect(names('a')).toEqual([digits('a-b-c'), 'a-b-c']);
    expect(names('a-b')).toEqual([digits('a-b-c')]);
    expect(names('a-b')).not.toEqual(names('a').slice(0, 1));
    expect(names('e')).toEqual([digits('e-data'), 'e-data']);
    expect(names('d')).toEqual(names('a'));
    const shared = Object.entries(stack.volumes).flatMap(([name, volume]) => (volume.shared ? [name] : []));
    expect(new Set(shared)).toEqual(new Set(names('a')));
  });

  it('in no time, however services take volumes of each other', () => {
    const services = Array.from({ length: 200 }, (_, n) => {
      const from = [n - 1, n - 2].filter((other) => other >= 0).map((other) => `s${other}`);
      return `  s${n}: {image: "busybox:1", volumes: ["/v${n}"], volumes_from: [${from.join(', ')}]}\n`;
    });
    const { stack } = load(`services:\n${services.join('')}`);
    expect(stack.services.s99!.mounts).toHaveLength(100);
  });

  it('in the namespaces of other services', () => {
    const { stack } = load(
      'services:\n  web: {image: "busybox:1", network_mode: "service:vpn", container_name: web}\n' +
        '  peek:\n    image: busybox:1\n    pid: "service:vpn"\n    ipc: "service:vpn"\n' +
        '    depends_on: {vpn: {condition: service_started, restart: true}}\n' +
        '  vpn: {image: "busybox:1", ipc: shareable}\n',
    );
    expect(stack.services.web).toMatchObject({
      networkMode: 'service:vpn',
      networks: {},
      dependsOn: { vpn: 'started' },
    });
    expect(stack.services.peek).toMatchObject({
      pid: 'service:vpn',
      ipc: 'service:vpn',
      dependsOn: { vpn: 'started' },
    });
  });

  it('that restart with their dependencies, but not for the sake of links', () => {
    const { stack, warnings } = load(
      'services:\n  db: {image: "busybox:1"}\n  once: {image: "busybox:1"}\n  web:\n    image: busybox:1\n' +
        '    links: [cache]\n    depends_on:\n      db: {condition: service_started, restart: true}\n' +
        '      once: {condition: service_completed_successfully, restart: true}\n  cache: {image: "busybox:1"}\n',
    );
    expect(stack.services.web!.restartsWith).toEqual(['db']);
    expect(warnings.map((each) => formatProblem(each)).join('\n')).toContain('depends_on.once.restart: has no effect');
  });

  it('names with capitals and dots stay as they are', () => {
    const { stack } = load(
      'name: My_Proj.x\nservices: {Web.App: {image: "busybox:1", volumes: ["DataVol:/d"], networks: [Front.End]}}\n' +
        'volumes: {DataVol: }\nnetworks: {Front.End: }\n',
    );
    expect(stack.name).toBe('my_projx');
    expect(stack.services['Web.App']).toMatchObject({ networks: { 'Front.End': {} }, mounts: [{ volume: 'DataVol' }] });
    expect(stack.volumes.DataVol!.name).toBe('my_projx_DataVol');
  });
});

describe('what is not carried over is named with its line', () => {
  it.each([
    ['pid: "container:-b"', '4:5 services.app.pid: use host, service:NAME or container:NAME'],
    ['ipc: "service:b"', '4:5 services.app.ipc: b keeps its shared memory to itself; set ipc: shareable there'],
    [
      'network_mode: "service:b"\n    links: [b]',
      '5:5 services.app.links: cannot be used in the network of another service; remove it',
    ],
    [
      'network_mode: "service:b"\n    ports: ["80:80"]',
      '5:5 services.app.ports: belongs to b, whose network this service joins; move it there',
    ],
    [
      'network_mode: "ns:/proc/1/ns/net"',
      '4:5 services.app.network_mode: use host, none, service:NAME, container:NAME or the name of a network of the ' +
        'engine',
    ],
    [
      'network_mode: my-net\n    x-deploy-code: {expose: {port: 80}}',
      '5:21 services.app.x-deploy-code.expose: cannot be used together with network_mode: my-net, where the service ' +
        'has no name; remove one of them, or declare my-net under networks with external: true, and join it there',
    ],
    [
      'external_links: [x]',
      '4:5 services.app.external_links: links to a container of somebody else; let both join an external network',
    ],
    [
      'use_api_socket: true',
      '4:5 services.app.use_api_socket: would pass your credentials on; mount /var/run/docker.sock if you mean that',
    ],
    [
      'pre_start: [{command: a}]',
      '4:5 services.app.pre_start: has no counterpart; make it a service, and let this one depend on its completion',
    ],
    [
      'post_start: [{command: a, user: root}]',
      '4:31 services.app.post_start.0.user: is not supported: a hook runs as the service does',
    ],
  ])('and refused where it matters: %s', (text, problem) =>
    expect(problemsOf(`services:\n  app:\n    image: busybox:1\n    ${text}\n  b: {image: "busybox:1"}\n`)).toContain(
      problem,
    ),
  );

  it.each([
    [
      'develop: {watch: []}',
      '4:5 services.app.develop: is for `docker compose watch`, and makes no difference to a deployment',
    ],
    [
      'deploy: {placement: {constraints: [a]}}',
      '4:14 services.app.deploy.placement: is for a Swarm, and Compose ignores it too',
    ],
    ['env_file: [{path: none.env, required: false}]', /none\.env does not exist, and is not required$/],
    [
      'environment: {A: "${NOT_SET}"}',
      '4:19 services.app.environment.A: the variable NOT_SET is not set, so it is empty here; ' +
        'set it in .env, with --set NOT_SET=… or in the environment',
    ],
    [
      'command: echo a && echo b',
      '4:5 services.app.command: no shell reads this, and Compose drops "&& echo b"; ' +
        'write [sh, -c, "…"] to run all of it',
    ],
    ['build: {context: ., isolation: hyperv}', /^4:25 services\.app\.build\.isolation: is for Windows/],
  ])('and warned of where Compose does the same: %s', (text, problem) =>
    expect(problemsOf(`services:\n  app:\n    image: busybox:1\n    ${text}\n`)).toEqual([
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    ]),
  );
});

describe('credentials in a Compose file', () => {
  const text =
    'services:\n  app:\n    image: busybox:1\n    secrets: [token]\n    environment:\n' +
    '      DB_PASSWORD: ${DB_PASSWORD}\n      URL: postgres://app:${DB_PASSWORD}@db/app\n      PLAIN: ${PLAIN}\n' +
    'secrets: {token: {environment: TOKEN}}\n';
  const shell = { DB_PASSWORD: 'pass word', PLAIN: 'plain', TOKEN: 'tok' };

  it('are taken out of the stack, to be sealed', () => {
    const { stack, sealing, warnings } = load(text, { shell });
    expect(warnings).toEqual([]);
    expect(stack.services.app!.variables).toEqual({ PLAIN: 'plain' });
    expect(stack.services.app!.secrets.map(({ name, target }) => [name, target])).toEqual([
      ['token', expect.objectContaining({ path: '/run/secrets/token' })],
      ['app.DB_PASSWORD', { environment: 'DB_PASSWORD' }],
      ['app.URL', { environment: 'URL' }],
    ]);
    expect(Object.keys(sealing)).toEqual(['token', 'app.DB_PASSWORD', 'app.URL']);
    const sent = JSON.stringify(stack);
    for (const value of ['pass word', 'pass', '"tok"']) expect(sent).not.toContain(value);
  });

  it('from --set are not recorded with the release', () =>
    expect(
      load(text, { shell: { PLAIN: '1', TOKEN: 't' }, variables: { DB_PASSWORD: 'x', PLAIN: '2' } }).stack.variables,
    ).toEqual({
      PLAIN: '2',
    }));

  it('that are passed on by their names are taken out too, also from --set', () => {
    const { stack, sealing } = load(
      'services:\n  a: {image: "busybox:1", environment: [DB_PASSWORD, PLAIN], configs: [c]}\n' +
        '  secrets: {image: "busybox:1", environment: {API_TOKEN: "${API_TOKEN}"}}\n' +
        '  b: {image: "busybox:1", secrets: [s]}\n' +
        'configs: {c: {environment: MY_SECRET}}\nsecrets: {s: {environment: OTHER}}\n',
      { variables: { DB_PASSWORD: 'v-1', PLAIN: 'v-2', API_TOKEN: 'v-3', MY_SECRET: 'v-4', OTHER: 'v-5' } },
    );
    expect(Object.keys(sealing).sort()).toEqual(['a.DB_PASSWORD', 'config.c', 's', 'secrets.API_TOKEN']);
    expect(stack.services.a!.variables).toEqual({ PLAIN: 'v-2' });
    expect(stack.services.a!.secrets).toContainEqual({
      name: 'config.c',
      source: { sealed: '' },
      target: { path: '/c', mode: 0o444 },
    });
    expect(stack.variables).toEqual({ PLAIN: 'v-2' });
    expect(JSON.stringify(stack)).not.toMatch(/v-[1345]/);
  });

  it('have names of their own', () => {
    const { sealing } = load(
      'services:\n  a:\n    image: busybox:1\n' +
        '    environment: {"b.C": "${X_TOKEN}", "P/Q_TOKEN": "1${X_TOKEN}", P_Q_TOKEN: "2${X_TOKEN}"}\n' +
        '  a.b: {image: "busybox:1", environment: {C: "3${X_TOKEN}"}}\n',
      { shell: { X_TOKEN: 'x' } },
    );
    expect(Object.entries(sealing).map(([name, value]) => [name, reveal(String(value))])).toEqual([
      ['a.b.C', 'x'],
      ['a.P_Q_TOKEN', '1x'],
      ['a.P_Q_TOKEN-2', '2x'],
      ['a.b.C-2', '3x'],
    ]);
  });

  it('never leave with a stack of which only the place is wanted', () => {
    const file = join(
      folderWith({
        'deploy-code.yaml':
          'name: shop\nservices: {a: {image: "x", replicas: "${N}", environment: {DB_PASSWORD: "${PW}"}}}\n',
      }),
      'deploy-code.yaml',
    );
    const { stack, sealing } = loadStack({ file, shell: { PW: 'hunter2' }, placeOnly: true });
    expect(JSON.stringify([stack, sealing])).not.toContain('hunter2');
  });

  it('are sealed for certificates and subscribers too', () => {
    const { stack, sealing } = load(
      'services:\n  app:\n    image: busybox:1\n    x-deploy-code:\n      strategy: recreate\n' +
        '      expose: {port: 80, host_port: 443, tls: {certificate: cert, key: key}}\n' +
        'secrets: {cert: {environment: CERT}, key: {environment: KEY}, hook: {environment: HOOK}}\n' +
        'x-deploy-code: {subscribers: {ops: {events: [deployment.finished], slack: {url: hook}}}}\n',
      { shell: { CERT: 'c', KEY: 'k', HOOK: 'h' } },
    );
    expect(Object.keys(sealing)).toEqual(['cert', 'key', 'hook']);
    expect(stack.front!.certificates.map(({ name, source }) => [name, source])).toEqual([
      ['cert', { sealed: '' }],
      ['key', { sealed: '' }],
    ]);
    expect(stack.subscribers![0]!.target).toEqual({ kind: 'slack', url: { name: 'hook', source: { sealed: '' } } });
  });

  it('elsewhere are refused, and never shown', () => {
    const refused = problemsOf(
      'services: {app: {image: "busybox:1", hostname: "${API_KEY}", ports: ["${API_KEY}:80"]}}\n',
      { shell: { API_KEY: 'shown-never' } },
    );
    expect(refused.join()).toContain('services.app.hostname');
    expect(refused.join()).not.toContain('shown-never');
  });

  it.each(['labels: ["${API_KEY}=1"]', 'sysctls: ["${API_KEY}=1"]', 'extra_hosts: ["${API_KEY}=::1"]'])(
    'are not taken as the name of something: %s',
    (text) => {
      const refused = problemsOf(`services: {app: {image: "busybox:1", ${text}}}\n`, {
        shell: { API_KEY: 'shown-never' },
      });
      expect(refused.join()).toContain('***');
      expect(refused.join()).not.toContain('shown-never');
    },
  );

  it('have marks that no file can have', () =>
    expect(problemsOf('services: {app: {image: "busybox:1", working_dir: "/a\uFDD0b"}}\n')).toEqual([
      '1:38 services.app.working_dir: contains a character that no text may contain (U+FDD0 or U+FDD1); remove it',
    ]));

  it('in texts of a container are referred to there', () => {
    const { stack, sealing } = load(
      'services:\n  app:\n    image: busybox:1\n    command: serve --key ${API_KEY} --port 80\n' +
        '    labels: {login: "u:${API_KEY}"}\n    healthcheck: {test: "probe ${API_KEY}", interval: 3s}\n',
      { shell: { API_KEY: 'key' } },
    );
    expect(stack.services.app).toMatchObject({
      command: ['serve', '--key', '${sealed:app.command.2}', '--port', '80'],
      labels: { login: '${sealed:app.labels.login}' },
      healthCheck: { probe: { kind: 'runtime' }, intervalMs: 3000 },
      engineHealth: { command: ['/bin/sh', '-c', '${sealed:app.healthcheck.2}'], intervalMs: 3000, timeoutMs: 30_000 },
    });
    expect(Object.keys(sealing)).toEqual(['app.command.2', 'app.labels.login', 'app.healthcheck.2']);
    expect(JSON.stringify(stack)).not.toMatch(/"key|:key|probe key/);
  });

  it('of env files are one secret of each service, whatever they are called', () => {
    const files = { 'a.env': 'A=v-1\nFROM_SET\nB=$FROM_SET\nC=3\nD=4\n', 'b.env': "RAW='$A'\n" };
    const text =
      'services:\n  app:\n    image: busybox:1\n    environment: {C: "c", D: }\n' +
      '    env_file: [a.env, {path: b.env, format: raw}]\n  other: {image: "busybox:1"}\n';
    const { stack, sealing, document } = load(text, { variables: { FROM_SET: 'v-2' } }, files);
    expect(sealing).toEqual({ 'app.env_file': { A: 'v-1', B: 'v-2', FROM_SET: 'v-2', RAW: "'$A'" } });
    expect(stack.secrets).toEqual({ 'app.env_file': { sealed: '' } });
    expect(stack.services.app).toMatchObject({
      variables: { C: 'c' },
      envFiles: [],
      secrets: [{ name: 'app.env_file', source: { sealed: '' }, target: { variables: true } }],
    });
    expect(stack.services.other!.secrets).toEqual([]);
    expect(stack.variables).toEqual({});
    expect(JSON.stringify([stack, document()])).not.toContain('v-');
  });

  it('of env files are named by file and line where they cannot be read, and never shown', () => {
    const text = 'services:\n  app:\n    image: busybox:1\n    env_file: a.env\n';
    const message = (content: string) =>
      problemsOf(text, {}, { 'a.env': content }).map((each) => each.replace(/\S*\//g, ''));
    expect(message('A=1\nB="never-shown\n')).toEqual([
      '4:5 services.app.env_file.0: a.env, line 2: the quote that begins there is not closed',
    ]);
    expect(message(`A=${'never-shown'.repeat(20_000)}\n`)).toEqual([
      '4:5 services.app.env_file.0: its variables are larger than 200 KiB; ' +
        'mount large texts as files, with configs or secrets',
    ]);
    expect(message('A=x$never_shown\n')).toEqual([
      '1 refers to a variable that is not set, which is empty here; set it, or write a literal dollar sign as $$',
    ]);
    expect(problemsOf(text).join()).toMatch(/services\.app\.env_file\.0: .*a\.env does not exist; check the path/);
    expect(load(text, { placeOnly: true }).stack.name).toBe('blog');
  });

  it('are not needed by a command that only needs the place', () => {
    const { stack } = load(text, { placeOnly: true });
    expect(stack.services.app!.secrets).toEqual([]);
    expect(stack.secrets).toEqual({});
  });
});
