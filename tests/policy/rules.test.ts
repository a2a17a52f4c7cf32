import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { StackFileError } from '../../src/config/problems';
import { ownFiles, type Policy, readPolicy, refusedOf, SourceRules, unixSockets } from '../../src/policy';
import { withFloors } from '../../src/policy/floors';
import { imageName } from '../../src/policy/image-name';
import { matches } from '../../src/policy/patterns';
import { isImageAllowed } from '../../src/policy/rules';
import type { InstanceSpec } from '../../src/model/instance';
import { stackOf } from '../support/stack';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'deploy-code-policy-')));
const dataDir = join(folder, 'engine');
mkdirSync(join(dataDir, 'audit'), { recursive: true });

const written = (text: string) => {
  const file = join(mkdtempSync(join(folder, 'file-')), 'policy.yaml');
  writeFileSync(file, text);
  return file;
};

/** Does something as a user whom permissions bind. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.getuid!() !== 0) return work();
  process.seteuid!(65_534);
  try {
    await work();
  } finally {
    process.seteuid!(0);
  }
}

describe('a policy file', () => {
  it('that is wrong is refused with the line and what to write', () => {
    const problems = (text: string) => {
      try {
        readPolicy(written(text));
        return [];
      } catch (error) {
        return (error as StackFileError).problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
      }
    };
    expect(problems('mounts:\n  folder: [/srv]\n')).toEqual([
      '2 mounts.folder: is not a key here (did you mean "folders"?)',
    ]);
    expect(problems('exec: true\nprocesses: perhaps\n')).toEqual(['2 processes: must be true or false']);
    expect(problems('mounts: {folders: [srv]}\n')).toEqual([
      '1 mounts.folders.0: write an absolute path such as /srv/data/{stack}',
    ]);
    expect(problems('floors:\n  log_max_files: 3\n')).toEqual([
      '2 floors.log_max_files: needs log_max_size; set it too',
    ]);
    expect(problems('- a list\n')[0]).toMatch(/^1 : must be a map/);
    expect(() => readPolicy(join(folder, 'nowhere.yaml'))).toThrow(StackFileError);
  });

  it('that is shipped as an example is valid, and an empty one allows what none does', () => {
    expect(readPolicy('configs/policy/restricted.yaml').exec).toBe(false);
    expect(readPolicy(written('# nothing yet\n'))).toEqual({});
  });
});

describe('a policy', () => {
  const refused = (policy: Policy, service: object, more: object = {}) => {
    const services = { api: { image: 'acme/api:1', ...service } };
    return judged(policy, stackOf({ name: 'shop', environment: 'test', services, ...more }));
  };
  const judged = async (policy: Policy, stack: ReturnType<typeof stackOf>) => {
    return (
      await refusedOf(stack, {
        policy,
        sources: new SourceRules(policy, ownFiles({ dataDir })),
        dataDir,
        ownSockets: unixSockets(['unix:///srv/engine/api.sock', 'tcp://10.0.0.2:2376', undefined]),
        ownVolumes: ['deploy-code_worker'],
      })
    ).map(({ path, message }) => `${path}: ${message}`);
  };

  it('refuses nothing of a stack where it has no rule', async () => {
    const all = { volumes: ['/:/host', '/var/run/docker.sock:/s'], cap_add: ['ALL'] };
    expect(await refused({}, all, { infrastructure: { network: { mode: 'Host' } } })).toEqual([]);
  });

  it.each<[string, Policy, object, object, string]>([
    [
      'images of other registries',
      { images: { registries: ['ghcr.io/acme'] } },
      {},
      {},
      "services.api.image: the worker's policy does not allow acme/api:1 (rule images.registries)",
    ],
    [
      'a registry that only begins like an allowed one',
      { images: { registries: ['ghcr.io/acme'] } },
      { image: 'ghcr.io/acme-evil/api:1' },
      {},
      'rule images.registries',
    ],
    [
      'capabilities',
      { containers: { capabilities: ['NET_BIND_SERVICE'] } },
      { cap_add: ['CAP_NET_BIND_SERVICE', 'SYS_ADMIN'] },
      {},
      "services.api.cap_add: the worker's policy does not allow SYS_ADMIN (rule containers.capabilities)",
    ],
    [
      'a privileged container, also where the policy says nothing of it',
      { exec: false },
      { privileged: true },
      {},
      "services.api.privileged: the worker's policy does not allow privileged to leave the confinement " +
        '(rule containers.privileged)',
    ],
    ...Object.entries({
      devices: ['/dev/ttyUSB0'],
      device_cgroup_rules: ['c 188:* rmw'],
      security_opt: ['seccomp=unconfined'],
      pid: 'host',
      ipc: 'host',
      uts: 'host',
      userns_mode: 'host',
      cgroup: 'host',
      cgroup_parent: '/system.slice',
      runtime: 'runsc',
      oom_kill_disable: true,
      oom_score_adj: -1,
    }).map(([key, value]): [string, Policy, object, object, string] => [
      key,
      { containers: { privileged: false } },
      { [key]: value },
      {},
      `services.api.${key}: `,
    ]),
    [
      'a seccomp profile of its own',
      { exec: false },
      { security_opt: ['no-new-privileges:true', `seccomp=${written('{"defaultAction": "SCMP_ACT_ALLOW"}')}`] },
      {},
      'services.api.security_opt: ',
    ],
    ...['network_mode', 'ipc', 'pid'].map((key): [string, Policy, object, object, string] => [
      `a container outside the stack to join by ${key}, also where the policy says nothing of it`,
      { exec: false },
      { [key]: 'container:vpn' },
      {},
      `services.api.${key}: the worker's policy does not allow joining the container vpn ` +
        '(rule containers.namespaces_of)',
    ]),
    [
      'a container outside the stack that it does not name',
      { containers: { namespaces_of: ['{stack}-*'] } },
      { network_mode: 'container:other-vpn' },
      {},
      'rule containers.namespaces_of',
    ],
    [
      'GPUs by CDI',
      { containers: { gpus: false, privileged: true } },
      { devices: ['nvidia.com/gpu=all'] },
      {},
      'rule containers.gpus',
    ],
    [
      'an image that is mounted',
      { images: { registries: ['ghcr.io'] } },
      { image: 'ghcr.io/a:1', volumes: [{ type: 'image', source: 'docker.io/evil:1', target: '/a' }] },
      {},
      "services.api.image: the worker's policy does not allow docker.io/evil:1 (rule images.registries)",
    ],
    ['GPUs', { containers: { gpus: false } }, { resources: { gpus: 1 } }, {}, 'rule containers.gpus'],
    [
      'the network of the host',
      { containers: { host_network: false } },
      {},
      { infrastructure: { network: { mode: 'Host' } } },
      "infrastructure.network.mode: the worker's policy does not allow api " +
        'the network of the host (rule containers.host_network)',
    ],
    [
      'processes',
      { processes: false },
      { image: undefined, command: ['true'] },
      { infrastructure: { container_runtime: 'Process' } },
      'rule processes',
    ],
    [
      'another namespace',
      { kubernetes: { namespaces: ['{stack}-{environment}'] } },
      {},
      { infrastructure: { orchestrator: 'Kubernetes', kubernetes: { namespace: 'bank' } } },
      'rule kubernetes.namespaces',
    ],
    [
      'the namespaces of a cluster itself',
      {},
      {},
      { infrastructure: { orchestrator: 'Kubernetes', kubernetes: { namespace: 'kube-system' } } },
      'rule kubernetes.namespaces',
    ],
    [
      'service accounts',
      { kubernetes: { service_accounts: ['{stack}-*'] } },
      {},
      {
        infrastructure: {
          orchestrator: 'Kubernetes',
          kubernetes: { service_account: 'clusterrole-aggregation-controller' },
        },
      },
      'rule kubernetes.service_accounts',
    ],
    [
      'an env_file',
      { secrets: { env_files: ['/etc/env'] } },
      { env_file: '/srv/app.env' },
      {},
      "services.api.env_file: the worker's policy does not allow " +
        '/srv/app.env as a source of secrets (rule secrets.env_files)',
    ],
    [
      'a secret',
      { secrets: { files: ['/etc/secrets'] } },
      { secrets: ['token'] },
      { secrets: { token: { file: '/srv/token' } } },
      'services.api.secrets.token: ',
    ],
    [
      "a subscriber's key",
      { secrets: { environment: [] } },
      {},
      {
        secrets: { key: { environment: 'HOOK' } },
        subscribers: { ops: { webhook: { url: 'https://example.com/', key: 'key' } } },
      },
      'subscribers.ops: ',
    ],
    [
      'subscribers elsewhere',
      { subscribers: { hosts: ['*.example.com'] } },
      {},
      {
        subscribers: {
          ops: { webhook: { url: 'https://example.org/' } },
          ci: { webhook: { url: 'https://ci.example.com/' } },
        },
      },
      "subscribers.ops: the worker's policy does not allow subscribers at example.org (rule subscribers.hosts)",
    ],
    ...[
      'http://169.254.169.254/latest',
      'http://0xa9fea9fe/',
      'http://[::ffff:169.254.169.254]/',
      'http://[fe80::1]:80/',
      'http://[fd00:ec2::254]/',
      'http://100.100.100.200/',
    ].map((url): [string, Policy, object, object, string] => [
      `a subscriber at ${url}`,
      {},
      {},
      { subscribers: { ops: { webhook: { url } } } },
      'is a link-local or metadata address, which stack files may not use',
    ]),
    [
      'a folder for the audit trail',
      { audit: { folders: [] } },
      {},
      { infrastructure: { storage: { data_dir: '/srv/audit' } } },
      'infrastructure.storage.data_dir: ',
    ],
    [
      'the Docker socket',
      { mounts: { docker_socket: false } },
      { volumes: ['/var/run/docker.sock:/s'] },
      {},
      'rule mounts.docker_socket',
    ],
    [
      'a folder that holds the Docker socket',
      { mounts: { docker_socket: false } },
      { volumes: ['/:/host:ro'] },
      {},
      'rule mounts.docker_socket',
    ],
    ...[
      '/run/user/1000/docker.sock',
      '/run/user/1000',
      '/var/run/user/1000/podman/',
      '/run/user',
      '/srv/engine/api.sock',
      '/srv/./engine',
    ].map((source): [string, Policy, object, object, string] => [
      `a socket of an engine at ${source}`,
      { mounts: { docker_socket: false } },
      { volumes: [`${source}:/x`] },
      {},
      'rule mounts.docker_socket',
    ]),
    ...[
      '/proc/1/root',
      '/proc/1/root/srv',
      '/proc/self/cwd',
      '/proc/./1/fd/3',
      '/proc/thread-self/root',
      '/dev/fd',
    ].map((source): [string, Policy, object, object, string] => [
      `what a process sees at ${source}`,
      {},
      { volumes: [`${source}:/x`] },
      {},
      'rule always',
    ]),
    ["the engine's own folder", {}, { volumes: [`${dataDir}/audit:/x`] }, {}, 'rule always'],
    [
      "the volume of the engine's own folder",
      {},
      { volumes: ['v:/x'] },
      { volumes: { v: { external: true, name: 'deploy-code_worker' } } },
      "services.api.volumes.0: the worker's policy does not allow mounting the " +
        'volume deploy-code_worker: it belongs to the engine (rule always)',
    ],
    [
      'the path of that volume on the host',
      {},
      { volumes: ['/srv/docker/volumes/deploy-code_worker/_data/keys:/x'] },
      {},
      'rule always',
    ],
    [
      'external volumes where only folders are allowed',
      { mounts: { folders: ['/srv'] } },
      { volumes: ['v:/x'] },
      { volumes: { v: { external: true, name: 'bank' } } },
      "services.api.volumes.0: the worker's policy does not allow " +
        'mounting the external volume bank (rule mounts.volumes)',
    ],
    [
      'external volumes of others',
      { mounts: { volumes: ['{stack}-{environment}-*'] } },
      { volumes: ['v:/x', 'w:/y'] },
      { volumes: { v: { external: true, name: 'shop-test-data' }, w: { external: true, name: 'shop-live-data' } } },
      'mounting the external volume shop-live-data (rule mounts.volumes)',
    ],
    [
      "a folder that holds the engine's own",
      { mounts: { folders: ['/'] } },
      { volumes: [`${folder}:/x`] },
      {},
      'rule mounts.folders',
    ],
  ])('refuses %s, and names the rule and the key', async (_, policy, service, more, expected) => {
    expect(await refused(policy, service, more)).toEqual([expect.stringContaining(expected)]);
  });

  it('refuses a bind mount where it may not look, or links go round in a circle', async () => {
    mkdirSync(join(folder, 'hidden', 'closed'), { recursive: true });
    symlinkSync('/etc', join(folder, 'hidden', 'closed', 'link'));
    symlinkSync(join(folder, 'hidden', 'circle'), join(folder, 'hidden', 'circle'));
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'hidden', 'closed'), 0o000);
    const mounting = (name: string, mounts: Policy['mounts']) =>
      refused({ mounts }, { volumes: [`${folder}/hidden/${name}:/x`] });
    await asNobody(async () => {
      for (const name of ['closed/link', 'circle']) {
        expect(await mounting(name, { folders: [join(folder, 'hidden')] })).toEqual([
          expect.stringContaining('rule mounts.folders'),
        ]);
        expect(await mounting(name, { docker_socket: false })).toEqual([
          expect.stringContaining('rule mounts.docker_socket'),
        ]);
        expect(await mounting(name, {})).toEqual([]);
      }
      expect(await mounting('new', { folders: [join(folder, 'hidden')], docker_socket: false })).toEqual([]);
    });
  });

  it('judges what drivers of volumes and networks get as secrets, whoever wrote it', async () => {
    const stack = stackOf({
      name: 'shop',
      services: { api: { image: 'a:1' } },
      volumes: { v: {} },
      networks: { n: {} },
    });
    const of = (name: string) => [{ name, source: { file: '/etc/shadow' }, target: { texts: true as const } }];
    stack.volumes.v!.secrets = of('one');
    stack.networks.n!.secrets = of('two');
    expect(await judged({}, stack)).toEqual([
      expect.stringMatching(/^secrets\.two: .*\/etc\/shadow/),
      expect.stringMatching(/^secrets\.one: .*\/etc\/shadow/),
    ]);
  });

  it('never judges a volume of the stack itself', async () => {
    const volumes = { volumes: { v: {}, w: { name: 'elsewhere' } } };
    expect(await refused({ mounts: { folders: [], volumes: [] } }, { volumes: ['v:/x', 'w:/y'] }, volumes)).toEqual([]);
  });

  it('sees through links and detours of a bind mount', async () => {
    mkdirSync(join(folder, 'data', 'shop'), { recursive: true });
    symlinkSync('/etc', join(folder, 'data', 'shop', 'link'));
    symlinkSync('/root/not-yet', join(folder, 'data', 'shop', 'dangling'));
    const policy: Policy = { mounts: { folders: [join(folder, 'data', '{stack}')] } };
    expect(await refused(policy, { volumes: [`${folder}/data/shop/new:/x`] })).toEqual([]);
    for (const source of ['shop/link', 'shop/link/ssl', 'shop/dangling', 'shop/../bank', 'shopping'])
      expect(await refused(policy, { volumes: [`${folder}/data/${source}:/x`] })).toEqual([
        expect.stringContaining('rule mounts.folders'),
      ]);
  });

  it('knows an image by its registry, however it is written', () => {
    const names = [
      'busybox',
      'busybox:1',
      'acme/api:1',
      'index.docker.io/acme/api',
      'ghcr.io/acme/api@sha256:abc',
      'localhost/x:1',
      'registry:5000/a/b:2',
    ].map(imageName);
    expect(names).toEqual([
      'docker.io/library/busybox',
      'docker.io/library/busybox',
      'docker.io/acme/api',
      'docker.io/acme/api',
      'ghcr.io/acme/api',
      'localhost/x',
      'registry:5000/a/b',
    ]);
    expect(['MYREG/foo:1', 'sha256:5000/evil/x', 'docker.io/busybox'].map(imageName)).toEqual([
      'MYREG/foo',
      'sha256:5000/evil/x',
      'docker.io/library/busybox',
    ]);
  });

  it('takes nothing but the whole id of an image for one that is on the host already', () => {
    const allowed = (image: string) => isImageAllowed(image, { images: { registries: ['ghcr.io/acme'] } }, undefined);
    expect(allowed(`sha256:${'0a'.repeat(32)}`)).toBe(true);
    const others = ['sha256:5000/evil/x', 'sha256:0a', `sha256:${'0A'.repeat(32)}`, `sha256:${'0a'.repeat(32)}/x`];
    expect(others.filter(allowed)).toEqual([]);
  });

  it('knows the network of the host by its name, too', async () => {
    const policy: Policy = { containers: { host_network: false } };
    const stack = stackOf({
      name: 'shop',
      services: { api: { image: 'acme/api:1', networks: ['h'] } },
      networks: { h: { external: true, name: 'lan' } },
    });
    stack.networks.h!.name = 'host';
    const found = await refusedOf(stack, {
      policy,
      sources: new SourceRules(policy, ownFiles({ dataDir })),
      dataDir,
      ownSockets: unixSockets(['unix:///srv/engine/api.sock', 'tcp://10.0.0.2:2376', undefined]),
      ownVolumes: ['deploy-code_worker'],
    });
    expect(found).toEqual([
      expect.objectContaining({
        path: 'infrastructure.network.mode',
        message: expect.stringContaining('rule containers.host_network'),
      }),
    ]);
  });

  it('knows the namespaces of other services of the stack from those of the host', async () => {
    const policy: Policy = { containers: { host_network: false, privileged: false } };
    const stack = stackOf({
      name: 'shop',
      services: {
        vpn: { image: 'acme/vpn:1', ipc: 'shareable' },
        api: { image: 'acme/api:1', network_mode: 'service:vpn', ipc: 'service:vpn', pid: 'service:vpn' },
      },
    });
    const context = {
      policy,
      sources: new SourceRules(policy, ownFiles({ dataDir })),
      dataDir,
      ownSockets: [],
      ownVolumes: [],
    };
    expect(await refusedOf(stack, context)).toEqual([]);
    stack.services.vpn!.networkMode = 'host';
    expect(await refusedOf(stack, context)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('does not allow vpn the network of the host') }),
    ]);
  });

  it('takes a first part in capitals for the registry that Docker pulls from', async () => {
    const policy: Policy = { images: { registries: ['docker.io'] } };
    expect(await refused(policy, { image: 'MYREG/foo:1' })).toEqual([
      expect.stringContaining('rule images.registries'),
    ]);
  });

  it('never lets the name of a stack change what a pattern means', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (stack, rest) => {
        if (matches('secret/{stack}/*', `secret/${stack}/${rest}`, { stack, environment: 'test' }))
          expect(stack).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
        expect(matches('{stack}', `${stack}x`, { stack, environment: 'test' })).toBe(false);
      }),
    );
  });
});

describe('floors', () => {
  const spec = {
    service: 'api',
    readOnly: false,
    tmpfs: [],
    mounts: [],
    capAdd: ['CHOWN'],
    capDrop: ['MKNOD'],
    hash: 'h',
  } as unknown as InstanceSpec;
  const floors = {
    no_new_privileges: true,
    pids_limit: 100,
    cap_drop: ['NET_RAW'],
    read_only: true,
    log_max_size: '10m',
    log_max_files: 3,
  };

  it('hold for every container, and change neither its hash nor what it adds itself', () => {
    expect(withFloors(spec, floors)).toEqual({
      ...spec,
      readOnly: true,
      tmpfs: ['/tmp'],
      capDrop: ['MKNOD', 'NET_RAW'],
      noNewPrivileges: true,
      pidsLimit: 100,
      logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    });
    expect(withFloors(spec, undefined)).toBe(spec);
  });

  it('let a service ask for less, and not for more', () => {
    const logs = (options: Record<string, string>) =>
      withFloors({ ...spec, logging: { options } }, floors).logging?.options;
    expect(logs({ 'max-size': '1m', 'max-file': '2', tag: 'x' })).toEqual({
      'max-size': '1m',
      'max-file': '2',
      tag: 'x',
    });
    expect(logs({ 'max-size': '2g', 'max-file': '90' })).toEqual({ 'max-size': '10m', 'max-file': '3' });
    expect(logs({ 'max-size': '-1' })).toEqual({ 'max-size': '10m', 'max-file': '3' });
    const processes = [50, 500, 0, -1].map((pidsLimit) => withFloors({ ...spec, pidsLimit }, floors).pidsLimit);
    expect(processes).toEqual([50, 100, 100, 100]);
    expect(withFloors({ ...spec, logging: { driver: 'syslog', options: {} } }, floors).logging).toEqual({
      driver: 'syslog',
      options: {},
    });
  });

  it('leave the load balancer what NGINX needs', () => {
    expect(withFloors({ ...spec, service: 'load-balancer' }, floors)).toMatchObject({
      readOnly: false,
      capDrop: ['MKNOD'],
      noNewPrivileges: true,
      pidsLimit: 100,
    });
  });
});
