import { loadStack } from '../../src/config';
import { problemsIn } from '../support/problems';
import { writeStack } from '../support/stack';

const load = (keys: object, more: object = {}) =>
  loadStack({ file: writeStack({ name: 'shop', services: { api: { image: 'a:1', ...keys } }, ...more }) }).stack
    .services.api!;
const problems = (keys: object, more: object = {}): string[] =>
  problemsIn(() => load(keys, more)).map(({ path, message }) => `${path}: ${message}`);

describe('the keys that a container engine takes as they are', () => {
  it.each<[object, object]>([
    [{ devices: ['/dev/a'] }, { devices: [{ source: '/dev/a', target: '/dev/a', permissions: 'rwm' }] }],
    [{ devices: ['/dev/a:/dev/b:r'] }, { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }] }],
    [{ devices: ['/dev/a:rw'] }, { devices: [{ source: '/dev/a', target: '/dev/a', permissions: 'rw' }] }],
    [
      { devices: [{ source: '/dev/a', target: '/dev/b' }] },
      { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'rwm' }] },
    ],
    [
      { ulimits: { nofile: 5, core: '-1' } },
      { ulimits: { nofile: { soft: 5, hard: 5 }, core: { soft: -1, hard: -1 } } },
    ],
    [{ ulimits: { nofile: { soft: '1', hard: 2 } } }, { ulimits: { nofile: { soft: 1, hard: 2 } } }],
    [{ sysctls: ['net.core.somaxconn=512'] }, { sysctls: { 'net.core.somaxconn': '512' } }],
    [{ sysctls: { 'net.core.somaxconn': 512 } }, { sysctls: { 'net.core.somaxconn': '512' } }],
    [{ dns: '10.0.0.2' }, { dns: ['10.0.0.2'] }],
    [
      { dns: ['10.0.0.2', 'fd00::2'], dns_search: 'a.example' },
      { dns: ['10.0.0.2', 'fd00::2'], dnsSearch: ['a.example'] },
    ],
    [{ group_add: [4, 'mail'] }, { groupAdd: ['4', 'mail'] }],
    [{ memswap_limit: '2G' }, { memswapLimit: 2 * 1024 ** 3 }],
    [{ memswap_limit: -1 }, { memswapLimit: -1 }],
    [
      { tty: 'true', stdin_open: true, pids_limit: '7' },
      { tty: true, stdinOpen: true, pidsLimit: 7 },
    ],
    [
      { runtime: 'runsc', userns_mode: 'host' },
      { ociRuntime: 'runsc', userns: 'host' },
    ],
  ])('%j', (keys, expected) => {
    expect(load(keys)).toMatchObject(expected);
  });

  it.each<[object, string]>([
    [{ devices: ['dev/a'] }, 'write a device such as /dev/ttyUSB0'],
    [{ security_opt: ['seccomp=/etc/profile.json'] }, 'use no-new-privileges:true'],
    [{ dns: 'dns.example.com' }, 'write an IP address'],
    [{ hostname: 'a b' }, 'write a host name'],
    [{ cpuset: 'all' }, 'write processors such as 0-3'],
    [{ device_cgroup_rules: ['x 1:1 r'] }, 'write a rule such as c 188:* rmw'],
    [{ pid: 'service:db' }, 'services.api.pid'],
  ])('%j is refused', (keys, message) => {
    expect(problems(keys).join()).toContain(message);
  });

  it.each(['Kubernetes', 'Process'])('is refused by name on %s', (runtime) => {
    const infrastructure = runtime === 'Process' ? { container_runtime: runtime } : { orchestrator: runtime };
    const found = problems({ privileged: true, ulimits: { nofile: 5 }, command: ['a'] }, { infrastructure });
    expect(found.join('\n')).toMatch(/services\.api\.privileged: privileged is not supported by/);
    expect(found.join('\n')).toMatch(/services\.api\.ulimits: ulimits is not supported by/);
  });
});
