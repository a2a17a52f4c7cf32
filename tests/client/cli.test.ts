import { writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import { cli } from '../support/cli';
import { writeStack } from '../support/stack';

describe('the command line, without an engine', () => {
  const stack = writeStack(
    'name: shop\nservices:\n  db: {image: "db:1", health_check: {tcp: ' +
      '5432}}\n  api: {image: "api:1", depends_on: [db]}\n',
  );

  it('validates a file, and exits 0', async () => {
    expect(await cli(['validate', '-c', stack])).toMatchObject({
      code: 0,
      stdout: `${stack} is valid: shop/production, 2 services in 2 phases\n`,
    });
  });

  it('names what is wrong with its place, and exits 2', async () => {
    const broken = writeStack('name: shop\nservices:\n  api: {imgae: "api:1"}\n');
    expect(await cli(['validate', '-c', broken])).toMatchObject({
      code: 2,
      stderr:
        `${broken}:3:9 services.api.imgae: is not a key here (did you ` +
        'mean "image"?)\n1 problem; nothing was changed\n',
    });
    const json = await cli(['validate', '--json', '-c', broken]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitCode: 2,
      error: { problems: [{ file: broken, line: 3, column: 9, path: 'services.api.imgae' }] },
    });
  });

  it('names every build without its files, at its place', async () => {
    const file = writeStack('name: shop\nservices:\n  a: {build: ./nosuchdir}\n  b: {build: {dockerfile: Other}}\n');
    const { code, stderr } = await cli(['validate', '-c', file]);
    expect([code, ...stderr.trim().split('\n')]).toEqual([
      2,
      `${file}:3:7 services.a.build.context: ${join(dirname(file), 'nosuchdir')} is not a folder; check the path`,
      `${file}:4:15 services.b.build.dockerfile: ${join(dirname(file), 'Other')} does not exist; check the path`,
      '2 problems; nothing was changed',
    ]);
  });

  it('refuses a phase that contradicts a dependency, at its place', async () => {
    const file = writeStack(
      'name: shop\nservices:\n  a: {image: x, phase: 2}\n  b: {image: x, phase: 1, depends_on: [a]}\n',
    );
    expect((await cli(['validate', '-c', file])).stderr).toContain(
      `${file}:4:17 services.b.phase: phase 1 is too early: b depends on a, which is in phase 2; use 3 or later`,
    );
  });

  it('exits 2 for a word that it does not know, and suggests one that it does', async () => {
    expect(await cli(['deplyo'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean deploy?') });
    expect(await cli(['deploy', '--set', 'nonsense'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write NAME=VALUE'),
    });
  });

  it('exits 2 for names and reasons that are none, and touches nothing', async () => {
    for (const environment of ["x' OR DeployCodeStack = 'other", '../other', '', 'a\u001b[2Jb']) {
      const { code, stderr } = await cli(['history', '-c', stack, '-e', environment, '--address', '127.0.0.1:1']);
      expect({ environment, code, stderr }).toEqual({
        environment,
        code: 2,
        stderr: expect.stringContaining('is not a valid name (environment): use lower-case letters') as string,
      });
      expect(stderr).not.toContain('\u001b');
    }
    for (const reason of ['one\n2  forged  row', 'a\u001b[2J', 'x'.repeat(501)])
      expect(await cli(['deploy', '-c', stack, '--reason', reason, '--address', '127.0.0.1:1'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('write one line of at most 500 characters'),
      });
  });

  it('exits 5 when no engine answers, and says what to do', async () => {
    const result = await cli(['deploy', '-c', stack, '--address', '127.0.0.1:1']);
    expect(result).toMatchObject({
      code: 5,
      stderr:
        'no Temporal server answers at 127.0.0.1:1\nstart one with `deploy-code dev`, or ' +
        'name yours with --address, TEMPORAL_ADDRESS or a Temporal profile\n',
    });
  });

  it('lists, describes and relates what a stack holds', async () => {
    expect(JSON.parse((await cli(['modules', 'list', '--json', '-c', stack])).stdout)).toEqual([
      { phase: 1, name: 'db', kind: 'service', replicas: 1, image: 'db:1' },
      { phase: 2, name: 'api', kind: 'service', replicas: 1, image: 'api:1' },
    ]);
    expect((await cli(['modules', 'deps', 'db', '-c', stack])).stdout).toBe(
      'db needs nothing\nneeded by api\nall dependencies: nothing\n',
    );
    expect(JSON.parse((await cli(['modules', 'describe', 'api', '-c', stack])).stdout)).toMatchObject({
      dependsOn: { db: 'healthy' },
      restart: 'unless-stopped',
    });
  });

  it('prints a JSON Schema by which an editor finds the same mistakes', async () => {
    const schema = JSON.parse((await cli(['schema'])).stdout) as object;
    const validate = new Ajv({ strict: false, formats: { ipv4: true, uri: true } }).compile(schema);
    for (const name of ['quickstart', 'deploy-code', 'deploy-code-test']) {
      const file = parse(readFileSync(`configs/${name}.yaml`, 'utf8'), { merge: true, maxAliasCount: -1 }) as Record<
        string,
        unknown
      >;
      const known = Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith('x-')));
      expect({ name, valid: validate(known), errors: validate.errors }).toEqual({ name, valid: true, errors: null });
    }
    expect(validate({ name: 'shop', services: { api: { imgae: 'x' } } })).toBe(false);
    expect(JSON.stringify(schema)).toContain('How to replace instances');
  });

  it.each(['bash', 'zsh', 'fish'])('completes commands and options in %s', async (shell) => {
    const { code, stdout } = await cli(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['rollback', 'modules', 'statement-keys']) expect(stdout).toContain(word);
  });

  it('completes services of the stack file in bash, and files after -c', async () => {
    const file = writeStack({
      name: 'shop',
      services: { api: { image: 'a' }, admin: { image: 'a' }, web: { image: 'w' } },
    });
    const { stdout: script } = await cli(['completion', 'bash']);
    const complete = (...words: string[]) => {
      const typed = [resolve('bin/deploy-code'), ...words].map((word) => `'${word}'`).join(' ');
      const call = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _deploy_code; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', `${script}\n${call}`], { encoding: 'utf8', cwd: dirname(file) }).trim();
    };
    expect(complete('logs', '-c', file, 'a')).toBe('api admin');
    expect(complete('restart', '--config', file, 'w')).toBe('web');
    expect(complete('deploy', '-c', file, '--services', 'ad')).toBe('admin');
    expect(complete('logs', '-c', file, '--ta')).toBe('--tail');
    expect(complete('restart', '-f', file, 'w')).toBe('web');
    expect(complete('logs', '--file', file, '-f', 'w')).toBe('web');
    expect(complete('logs', '-c', file.slice(0, -3))).toBe(file);
    expect(complete('logs', '-c', 'nowhere.yaml', 'a')).toBe('');
    expect(complete('volume', 'r')).toBe('rm');
  });

  it('turns a compose file into a stack file, and names with lines what it could not carry', async () => {
    const compose = join(dirname(writeStack('')), 'docker-compose.yml');
    writeFileSync(
      compose,
      `services:
  db:
    image: postgres:15
    container_name: db
    volumes: [data:/var/lib/postgresql/data]
    healthcheck: {test: ["CMD", "pg_isready"], interval: 2s}
  web:
    image: web:1
    links: [db]
    environment: [NOT_HERE, A]
    depends_on: {db: {condition: service_healthy}}
    ports: ["8080:80"]
volumes: {data: {}}
`,
    );
    const { code, stdout, stderr } = await cli(['import', compose, '--name', 'shop'], { environment: { A: 'x' } });
    expect(code).toBe(0);
    expect(stderr.split('\n')).toEqual([
      `${compose}:10:19 services.web.environment.NOT_HERE: has no value here, and is left out; ` +
        'write NOT_HERE: ${NOT_HERE} to pass it on',
      '',
    ]);
    expect(stdout).toContain('A: ${A}');
    const imported = writeStack(stdout);
    expect(await cli(['validate', '-c', imported], { environment: { A: 'y' } })).toMatchObject({
      code: 0,
    });
  });
});
