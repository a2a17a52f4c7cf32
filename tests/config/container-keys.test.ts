import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
    [
      { devices: ['nvidia.com/gpu=0:1'] },
      { devices: [{ source: 'nvidia.com/gpu=0:1', target: 'nvidia.com/gpu=0:1', permissions: 'rwm' }] },
    ],
    [
      { volumes: [{ type: 'image', source: 'acme/data:1', target: '/data', image: { subpath: 'etc' } }] },
      { mounts: [{ type: 'image', image: 'acme/data:1', target: '/data', readOnly: false, subpath: 'etc' }] },
    ],
    [
      { volumes: [{ source: '/srv', target: '/srv', read_only: true, bind: { recursive: 'writable' } }] },
      { mounts: [{ type: 'bind', source: '/srv', target: '/srv', readOnly: true, recursive: 'writable' }] },
    ],
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
    [{ security_opt: ['seccomp'] }, 'use no-new-privileges:true'],
    [
      { security_opt: ['seccomp=/nowhere/profile.json'] },
      'security_opt.0: /nowhere/profile.json does not exist; check the path',
    ],
    [{ devices: ['vendor.com/class='] }, 'or vendor.com/class=name'],
    [{ volumes: [{ type: 'image', source: 'a b', target: '/a' }] }, '"a b" is not the name of an image'],
    [{ volumes: [{ source: '/a', target: '/a', image: { subpath: 'b' } }] }, 'has options of an image'],
    [{ volumes: [{ source: '/a', target: '/a', bind: { recursive: 'writable' } }] }, 'add read_only: true'],
    [
      { volumes: [{ source: '/a', target: '/a', read_only: true, bind: { recursive: 'readonly' } }] },
      'needs propagation: rprivate; add it',
    ],
    [
      { volumes: [{ source: '/a', target: '/a', bind: { recursive: 'disabled', selinux: 'z' } }] },
      'cannot have both recursive and selinux',
    ],
    [{ dns: 'dns.example.com' }, 'write an IP address'],
    [{ hostname: 'a b' }, 'write a host name'],
    [{ cpuset: 'all' }, 'write processors such as 0-3'],
    [{ device_cgroup_rules: ['x 1:1 r'] }, 'write a rule such as c 188:* rmw'],
    [{ pid: 'service:db' }, 'services.api.pid'],
  ])('%j is refused', (keys, message) => {
    expect(problems(keys).join()).toContain(message);
  });

  describe('a seccomp profile', () => {
    const withProfile = (text: string, option = 'seccomp=./profile.json') => {
      const file = writeStack({ name: 'shop', services: { api: { image: 'a:1', security_opt: ['label=a', option] } } });
      writeFileSync(join(dirname(file), 'profile.json'), text);
      return file;
    };

    it.each(['seccomp=./profile.json', 'seccomp:profile.json'])('of %s is sent in place of its file', (option) => {
      const profile = '{\n\t"defaultAction": "SCMP_ACT_ALLOW", "note": " a\\" b ", "mask": 18446744073709551615 }\n';
      const { stack } = loadStack({ file: withProfile(profile, option) });
      expect(stack.services.api!.securityOpt).toEqual([
        'label=a',
        'seccomp={"defaultAction":"SCMP_ACT_ALLOW","note":" a\\" b ","mask":18446744073709551615}',
      ]);
    });

    it.each([
      ['{', './profile.json is not a seccomp profile, which is a JSON object'],
      ['["a"]', './profile.json is not a seccomp profile, which is a JSON object'],
      [`{"a": "${'b'.repeat(128 * 1024)}"}`, './profile.json has 129 KiB without white space; a seccomp profile may'],
    ])('of %.20s is refused', (text, message) => {
      const [problem] = problemsIn(() => loadStack({ file: withProfile(text) }));
      expect(problem).toMatchObject({
        path: 'services.api.security_opt.1',
        message: expect.stringContaining(message) as string,
      });
    });

    it('is no file where it is `unconfined`', () => {
      const { stack } = loadStack({ file: withProfile('{}', 'seccomp:unconfined') });
      expect(stack.services.api!.securityOpt).toEqual(['label=a', 'seccomp:unconfined']);
    });
  });

  it.each(['Kubernetes', 'Process'])('is refused by name on %s', (runtime) => {
    const infrastructure = runtime === 'Process' ? { container_runtime: runtime } : { orchestrator: runtime };
    const found = problems({ privileged: true, ulimits: { nofile: 5 }, command: ['a'] }, { infrastructure });
    expect(found.join('\n')).toMatch(/services\.api\.privileged: privileged is not supported by/);
    expect(found.join('\n')).toMatch(/services\.api\.ulimits: ulimits is not supported by/);
  });
});
