import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { loadStack, type Stack } from '../../src/config';
import { freePort } from '../../src/guard/free-port';
import { docker, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { describeWith } from '../support/parts';
import { problemsIn } from '../support/problems';
import { uniqueName } from '../support/stack';

describeWith('docker', 'a container gets what is written, where other tools had bugs', () => {
  let engine: TestEngine;
  let stack: Stack;
  let port: number;
  beforeAll(async () => {
    engine = await startEngine('reports');
    port = await freePort();
    const variables = { NAME: uniqueName('reports'), PORT: String(port) };
    stack = loadStack({ file: 'tests/reports/values.yaml', variables, shell: {} }).stack;
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
  });
  afterAll(async () => {
    await wipe(stack.name);
    await engine.close();
  });

  /** By Docker, for output that the engine passes on is masked. */
  const inside = (service: string, ...command: string[]) =>
    execFileSync('docker', ['exec', `${stack.name}-test-${service}-1-d1`, ...command], { encoding: 'utf8' });
  const variables = (service: string) => {
    const pairs = inside(service, 'cat', '/proc/1/environ')
      .split('\0')
      .filter((pair) => pair.includes('='));
    const all = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
    const { PATH: _, HOSTNAME: __, HOME: ___, VERSION: ____, ...own } = all;
    return own;
  };

  it('of env files', () => {
    expect(variables('env-file')).toEqual({
      A: 'abc#def',
      B: 'abc',
      C: 'a b # c',
      D: 'plain',
      E: 'x$y',
      F: 'exported',
      G: 'single $q',
      H: 'two\nlines',
      I: 'tail\\nslash',
      J: 'http://u:p#w@host/?a=1#frag',
      L: '',
      M: 'indented',
      N: 'spaced',
      FIRST: 'bom',
      SECOND: 'crlf',
    });
  });

  it('of numbers that are texts', async () => {
    expect(variables('numbers')).toEqual({
      RELEASE: '1.10',
      COMMIT: '0757172',
      SHA: '1234e5',
      TICKET: '12345678901234567890',
      PHONE: '0049891234',
      HEX: '0x1F',
      OCT: '0o17',
      UNDER: '1_000',
      SWITCH: 'on',
      COUNTRY: 'no',
      TIME: '22:22',
      DAY: '2024-01-01',
    });
    const { Config } = await docker.getContainer(`${stack.name}-test-numbers-1-d1`).inspect();
    expect(Config.Labels).toMatchObject({ rev: '0123', ver: '2.0' });
  });

  it('of modes and owners', () => {
    const files = ['bare', 'quoted', 'decimal', 'own'].map((name) => `/run/secrets/${name}`);
    const modes = inside('modes', 'stat', '-c', '%a %u:%g', ...files, '/etc/c');
    expect(modes.trim().split('\n')).toEqual(['444 0:0', '440 0:1000', '444 0:0', '400 1000:1000', '755 0:0']);
    expect(inside('modes', 'cat', ...files)).toBe('text of a secret\n'.repeat(4));
  });

  it('of references to variables', () => {
    expect(variables('interpolation')).toEqual({
      NEST2: '10',
      NEST3: '10',
      ALT: '[]',
      ALT_SET: '[--verbose]',
      JSON: '{"a":1}',
      BRACES: '{{{ foo }}}',
      BARE: 'pre-$R_BARE-post',
      DOLLARS: 'a$b',
    });
  });

  it('of hosts, ports and merged maps', async () => {
    expect(variables('spellings')).toEqual({ A: '1', B: '2', C: '4' });
    const hosts = inside('spellings', 'cat', '/etc/hosts')
      .split('\n')
      .map((line) => line.split(/\s+/));
    expect(hosts).toContainEqual(['::1', 'six']);
    expect(hosts.find(([, name]) => name === 'host.docker.internal')?.[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const answer = await new Promise<string>((resolve, reject) => {
      get({ host: '::1', port, path: '/healthz', agent: false }, (response) => void text(response).then(resolve)).once(
        'error',
        reject,
      );
    });
    expect(answer).toBe('ok\n');
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  it('or is refused with the line', () => {
    const problems = problemsIn(() =>
      loadStack({ file: 'tests/reports/refused.yaml', variables: { NAME: 'refused' }, shell: {} }),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('"${a.dotted}" is not a variable reference'),
      expect.stringContaining('the secret s at /run/secrets/s is below /run, a tmpfs'),
      expect.stringContaining('the config c at /run/app.conf is below /run, a tmpfs'),
      expect.stringContaining('the secret s has mode 0400 and owner 0:0, so user 1000 cannot read it'),
    ]);
  });
});
