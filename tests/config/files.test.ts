import { loadStack, StackFileError } from '../../src/config';
import { writeStack } from '../support/stack';

const file = (service: string, head = '') =>
  writeStack(`name: shop
${head}
secrets: {s: {file: ./s}, t: {environment: T}}
configs: {c: {content: hello}}
volumes: {data: {}}
services:
  app: {image: "app:1", ${service}}
`);

const load = (service: string, head?: string) =>
  loadStack({ file: file(service, head), shell: {} }).stack.services.app!;

const problems = (service: string, head?: string): string[] => {
  try {
    load(service, head);
  } catch (error) {
    if (error instanceof StackFileError)
      return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
    throw error;
  }
  return [];
};

const cluster = 'infrastructure: {orchestrator: Kubernetes}';

describe('a tmpfs', () => {
  it.each([
    [
      '{type: tmpfs, target: /cache, tmpfs: {size: 16777216, mode: 0700}, read_only: true}',
      '/cache:size=16777216,mode=0700,ro',
    ],
    ['{type: tmpfs, target: /cache, tmpfs: {size: 16m, mode: "1777"}}', '/cache:size=16777216,mode=1777'],
    ['{type: tmpfs, target: /cache, tmpfs: {mode: 0o755}}', '/cache:mode=755'],
    ['{type: tmpfs, target: /cache}', '/cache'],
  ])('in the long form of a mount has its size and mode: %s', (mount, expected) => {
    expect(load(`volumes: [${mount}]`)).toMatchObject({ tmpfs: [expected], mounts: [] });
  });

  it.each([
    ['tmpfs: [cache]', 'services.app.tmpfs.0: is not a tmpfs'],
    ['tmpfs: "/cache:size=big"', 'services.app.tmpfs: is not a tmpfs'],
    ['tmpfs: ["/cache:mode=999"]', 'services.app.tmpfs.0: is not a tmpfs'],
    [
      'tmpfs: ["/cache:bogus"]',
      'is not a tmpfs; write an absolute path, with options such as /cache:size=64m,mode=0700',
    ],
    ['volumes: [{type: tmpfs, target: /cache, tmpfs: {mode: rwx}}]', 'is not a tmpfs'],
    [
      'volumes: [{type: tmpfs, target: /cache, tmpfs: {inodes: 5}}]',
      'services.app.volumes.0.tmpfs.inodes: is not a key of a tmpfs',
    ],
    [
      'volumes: [{type: tmpfs, target: /cache, source: data}]',
      'services.app.volumes.0.source: is not a key of a tmpfs',
    ],
    [
      'tmpfs: [/data/], volumes: ["data:/data"]',
      'services.app.tmpfs.0: /data/ is already the path of another mount or file of this service; choose another path',
    ],
  ])('that Docker would not make as it is written is refused: %s', (service, message) => {
    expect(problems(service)).toEqual([expect.stringContaining(message)]);
  });

  it('has nothing but a size on a cluster', () => {
    expect(problems('tmpfs: ["/a:size=64M,rw", "/b:size=1g,mode=0700,noexec"]', cluster)).toEqual([
      '7 services.app.tmpfs.1: size is the only option of a tmpfs on a cluster; remove mode=0700, noexec',
    ]);
  });
});

describe('files of secrets and configs', () => {
  it.each(['0440', '440', '"0440"', '"440"', '0o440', '"0o440"', "'440'"])(
    'have a mode in octal, however it is written: %s',
    (mode) => {
      const { secrets, configs } = load(
        `secrets: [{source: s, mode: ${mode}}], configs: [{source: c, target: /c, mode: ${mode}}]`,
      );
      expect([secrets[0]!.target, configs[0]]).toMatchObject([{ mode: 0o440 }, { mode: 0o440 }]);
    },
  );

  it('have the mode that an anchor gives, or an anchor of a whole entry', () => {
    expect(
      load('secrets: [{source: s, mode: &m 0440}, {source: t, mode: *m}]').secrets.map(({ target }) => target),
    ).toMatchObject([{ mode: 0o440 }, { mode: 0o440 }]);
    expect(
      load('secrets: [&s {source: s, mode: 0440}, {<<: *s, source: t}]').secrets.map(({ target }) => target),
    ).toMatchObject([{ mode: 0o440 }, { mode: 0o440 }]);
  });

  it.each(['288', '0888', '"rw-r--r--"', '0.5', '-440', '7777', '0x1b', '"04 40"', '1e2'])(
    'refuse what is no octal mode: %s',
    (mode) => {
      expect(problems(`secrets: [{source: s, mode: ${mode}}]`)).toEqual([
        '7 services.app.secrets.0.mode: is not a file mode; write three octal ' +
          'digits such as 0440 (read by owner and group) or 0600',
      ]);
    },
  );

  it('have an owner by number', () => {
    const { secrets, configs } = load(
      'secrets: [{source: s, uid: "1000", gid: 2000, mode: 0400}], configs: [{source: c, target: /c, uid: 103}]',
    );
    expect([secrets[0]!.target, configs[0]]).toEqual([
      { path: '/run/secrets/s', mode: 0o400, uid: 1000, gid: 2000 },
      { name: 'c', path: '/c', mode: 0o444, uid: 103 },
    ]);
    expect(problems('secrets: [{source: s, uid: postgres}]')).toEqual([
      '7 services.app.secrets.0.uid: must be a number',
    ]);
  });

  it('refuse an owner on a cluster, which knows none', () => {
    expect(problems('secrets: [{source: s, uid: 1000}], configs: [{source: c, target: /c, gid: 5}]', cluster)).toEqual([
      expect.stringContaining(
        '7 services.app.secrets.0: the secret s has an owner, which Kubernetes does not support for mounted files',
      ),
      expect.stringContaining('7 services.app.configs.c: the config c has an owner'),
    ]);
  });

  it('refuse what the user of the service surely cannot read', () => {
    expect(problems('user: "1000", secrets: [{source: s, mode: 0400}]')).toEqual([
      '7 services.app.secrets.0: the secret s has mode 0400 and owner 0:0, so ' +
        'user 1000 cannot read it; add uid: 1000, or a mode that allows it, such as 0444',
    ]);
    for (const use of [
      'user: "1000", secrets: [{source: s, mode: 0400, uid: 1000}]',
      'user: "1000:7", secrets: [{source: s, mode: 0440, gid: 7}]',
      'user: app, secrets: [{source: s, mode: 0400}]',
      'secrets: [{source: s, mode: 0400}]',
    ])
      expect(problems(use)).toEqual([]);
  });

  it.each([
    ['tmpfs: [/run]', 'the secret s at /run/secrets/s is below /run, a tmpfs, which is empty at every start'],
    ['tmpfs: ["/run/:size=1m"]', 'below /run, a tmpfs'],
    ['tmpfs: [/var/run]', 'below /run, a tmpfs'],
    [
      'volumes: ["data:/run/secrets"]',
      'below /run/secrets, the volume data, where it would stay after the container is removed',
    ],
    [
      'volumes: ["/srv/run:/run:ro"]',
      'below /run, the folder /srv/run of the host, where it would stay after the container is removed',
    ],
    ['volumes: ["data:/"]', 'below /, the volume data'],
  ])('refuse on Docker what would hide them, or keep them when the container is gone: %s', (mount, message) => {
    expect(problems(`${mount}, secrets: [s]`)).toEqual([
      expect.stringMatching(
        new RegExp(`^7 services\\.app\\.secrets\\.0: .*${message}.*; choose a target outside of that path`),
      ),
    ]);
    expect(problems(`${mount}, secrets: [s]`, cluster)).not.toContainEqual(expect.stringContaining('below'));
  });

  it('refuse a config in the same places, and where Docker and the kernel put their own', () => {
    expect(problems('tmpfs: [/run, "/tmp:size=1m"], configs: {c: /run/app.conf}')).toEqual([
      '7 services.app.configs.c: the config c at /run/app.conf is below /run, a tmpfs, which is empty at every ' +
        'start; choose a target outside of that path, such as /secrets/key.pem, or mount a file of the host there ' +
        'under volumes: /srv/app.conf:/run/app.conf:ro',
    ]);
    expect(problems('configs: {c: /etc/hosts}')).toEqual([
      expect.stringContaining('Docker generates /etc/hosts in every container; use extra_hosts'),
    ]);
    expect(problems('configs: {c: /dev/shm/c}')).toEqual([expect.stringContaining('is below /dev')]);
    expect(
      problems('tmpfs: [/run/app, /tmp], volumes: ["data:/runtime"], secrets: [s], configs: {c: /run/app.conf}'),
    ).toEqual([]);
  });

  it('refuse a file as a folder, and a path that leads elsewhere', () => {
    expect(problems('configs: {c: /etc/app}, secrets: [{source: s, target: /etc/app/key}]')).toEqual([
      expect.stringContaining('the config c is a file at /etc/app, but /etc/app/key would be below it'),
    ]);
    for (const path of ['../../etc/shadow', '/run/../etc/shadow', '/etc//x', '/etc/x/', '"/a\\nb"'])
      expect(problems(`secrets: [{source: s, target: ${path}}]`)).toEqual([
        expect.stringContaining('is not a valid file path'),
      ]);
  });
});

describe('secrets as variables', () => {
  it.each(['""', '"A=B"', '"A B"', '"A\\0"', '1A'])('have a name that a variable can have, not %s', (name) => {
    expect(problems(`secrets: [{source: s, environment: ${name}}]`)).toEqual([
      expect.stringContaining(
        '7 services.app.secrets.0.environment: is not a valid variable name; ' +
          'use letters, digits and _, such as DB_PASSWORD',
      ),
    ]);
  });

  it('have neither a path nor a mode', () => {
    expect(problems('secrets: [{source: s, environment: A, mode: 0400}]')).toEqual([
      '7 services.app.secrets.0: has both environment and mode, which is for files; keep one of the two',
    ]);
  });

  it('are like other variables in what their names must not be', () => {
    expect(problems('environment: {"": x}')).toEqual([expect.stringContaining('"" is not a valid variable name')]);
    expect(problems('environment: {"A=B": x}')).toEqual([
      expect.stringContaining('"A=B" is not a valid variable name'),
    ]);
    expect(problems('environment: {A: "x\\0y"}')).toEqual([
      expect.stringContaining('A contains a NUL character; remove it'),
    ]);
  });
});
