import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageInspectInfo } from 'dockerode';
import { buildImages } from '../../src/cli/build';
import { loadStack } from '../../src/config';
import { cli } from '../support/cli';
import { docker, wipe } from '../support/docker-world';
import { address } from '../support/engine';
import { images } from '../support/image';
import { describeUnless, describeWith } from '../support/parts';
import { Registry } from '../support/registry';
import { uniqueName } from '../support/stack';
import { WorkerProcess } from '../support/worker-process';

Registry.prepare();

describeWith('docker', 'images that the file builds', () => {
  const name = uniqueName('built');
  const base = mkdtempSync(join(tmpdir(), 'deploy-code-build-'));
  const folder = join(base, name);
  const dataDir = join(base, 'data');
  const worker = new WorkerProcess('image-builds', dataDir);
  const environment = { TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: 'image-builds', API_TOKEN: 'planted-build-4731' };

  const write = (file: string, ...lines: string[]) => writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
  const run = (...words: string[]) => cli(words, { cwd: folder, environment });
  const imageOf = async (service: string, deployment: number) =>
    (await docker.getContainer(`${name}-production-${service}-1-d${deployment}`).inspect()).Config.Image;
  const tagsOf = async (repository: string) =>
    (await docker.listImages({ filters: { reference: [repository] } })).flatMap(({ RepoTags }) => RepoTags ?? []);
  const shown = (service: string, deployment: number, file: string) =>
    execFileSync('docker', ['exec', `${name}-production-${service}-1-d${deployment}`, 'cat', file]).toString();

  beforeAll(async () => {
    environment.TEMPORAL_ADDRESS = address();
    mkdirSync(join(folder, 'web'), { recursive: true });
    write(
      'compose.yaml',
      'services:',
      '  web:',
      '    build: {context: ./web, args: {MODE: web, API_TOKEN:}, target: app}',
      '    stop_grace_period: 1s',
      '  twin: {image: ' + name + '-web, stop_grace_period: 1s}',
      '  inline:',
      '    build:',
      '      context: ./web',
      '      dockerfile_inline: |',
      `        FROM ${images.app}`,
      '        COPY page /page',
      '    stop_grace_period: 1s',
    );
    write(
      'web/Dockerfile',
      `FROM ${images.app} AS app`,
      'ARG MODE',
      'ARG API_TOKEN',
      'COPY . /site/',
      'RUN echo "$MODE $API_TOKEN" > /mode && echo "built with $API_TOKEN"',
      'FROM app AS other',
      'RUN false',
    );
    write('web/page', 'first');
    write('web/.dockerignore', 'left-out');
    write('web/left-out', 'x');
    await worker.start();
  });
  afterAll(async () => {
    await wipe(name);
    await worker.stop();
    for (const tag of await tagsOf(`${name}-*`)) await docker.getImage(tag).remove({ force: true });
    rmSync(base, { recursive: true, force: true });
  });

  it('are built by a deployment and named by their content, without showing credentials', async () => {
    const { stdout } = await run('plan');
    expect(stdout).toMatch(new RegExp(`> build ${name}-web:[0-9a-f]{12}\n`));
    expect(await tagsOf(`${name}-*`)).toEqual([]);
    const deployed = await run('deploy');
    expect(deployed).toMatchObject({ code: 0 });
    expect(deployed.stderr).toMatch(/web \| .*built with \*\*\*/);
    expect(deployed.stdout + deployed.stderr).not.toContain(environment.API_TOKEN);
    const image = await imageOf('web', 1);
    expect(image).toMatch(new RegExp(`^${name}-web:[0-9a-f]{12}$`));
    expect(await imageOf('twin', 1)).toBe(image);
    expect(await tagsOf(`${name}-web`)).toEqual(expect.arrayContaining([image, `${name}-web:latest`]));
    expect(shown('web', 1, '/site/page')).toBe('first\n');
    expect(shown('web', 1, '/mode')).toBe(`web ${environment.API_TOKEN}\n`);
    expect(shown('inline', 1, '/page')).toBe('first\n');
  });

  it('are not built again before their content changes', async () => {
    write('web/left-out', 'y');
    utimesSync(join(folder, 'web/page'), new Date(), new Date());
    const { stdout, stderr } = await run('deploy');
    expect(stdout).toContain('Nothing changed');
    expect(stderr).not.toContain('build');
    write('web/page', 'second');
    expect(await run('deploy', '--json')).toMatchObject({ code: 0 });
    const numbers = (await docker.listContainers({ filters: { label: [`deploy-code.stack=${name}`] } })).map(
      ({ Names }) => Number(/d(\d+)$/.exec(Names[0]!)![1]),
    );
    const latest = Math.max(...numbers);
    expect(numbers).toEqual([latest, latest, latest]);
    expect(shown('web', latest, '/site/page')).toBe('second\n');
  });

  it('change nothing when their build fails', async () => {
    const before = (await docker.listContainers({ filters: { label: [`deploy-code.stack=${name}`] } })).map(
      ({ Id }) => Id,
    );
    write('web/page', 'third');
    write('web/Dockerfile', `FROM ${images.app} AS app`, 'RUN echo so-and-so && exit 7');
    const { code, stderr } = await run('deploy');
    expect(code).toBe(1);
    expect(stderr).toMatch(/web \| .*so-and-so/);
    expect(stderr).toMatch(/the build of web failed; nothing was deployed\n$/);
    const after = (await docker.listContainers({ filters: { label: [`deploy-code.stack=${name}`] } })).map(
      ({ Id }) => Id,
    );
    expect(after).toEqual(before);
    const all = await docker.listContainers({ all: true });
    expect(all.filter(({ Command }) => Command.includes('so-and-so'))).toEqual([]);
  });

  it('are taken as they are with --no-build', async () => {
    execFileSync('docker', ['build', '-q', '-t', `${name}-web`, '-'], {
      input: `FROM ${images.app}\nRUN echo by-hand > /mode\n`,
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const { code, stdout } = await run('deploy', '--no-build');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const [web] = await docker.listContainers({
      filters: { label: [`deploy-code.stack=${name}`, 'deploy-code.service=web'] },
    });
    expect(execFileSync('docker', ['exec', web!.Id, 'cat', '/mode']).toString()).toBe('by-hand\n');
  });

  it('are refused before they are built where the engine is another Docker', async () => {
    const loaded = loadStack({ file: join(folder, 'compose.yaml'), shell: environment });
    await expect(
      buildImages(
        loaded,
        {},
        { engines: () => Promise.resolve({ found: [{ host: 'docker://far', engine: 'X' }], away: [] }) },
      ),
    ).rejects.toThrow(`name a registry that both reach, such as \`image: registry.example.com/${name}-web\``);
  });

  describeUnless(Registry.find(base) ? undefined : 'there is no docker-registry', 'with a registry', () => {
    const registry = Registry.find(base)!;
    const repository = registry?.image(1).replace(/:1$/, '');
    beforeAll(() => registry.start());
    afterAll(async () => {
      await registry.kill();
      for (const tag of await tagsOf(repository)) await docker.getImage(tag).remove({ force: true });
    });

    it('are asked for once in the time of their pull_policy', async () => {
      const tag = `${repository}:moving`;
      const push = (version: number) => {
        execFileSync('docker', ['build', '-q', '-t', tag, '-'], {
          input: `FROM ${images.app}\nENV VERSION=${version}\n`,
          env: { ...process.env, DOCKER_BUILDKIT: '0' },
        });
        execFileSync('docker', ['push', '-q', tag]);
      };
      const deployed = async (policy: string) => {
        write('compose.yaml', 'services:', `  web: {image: "${tag}", pull_policy: ${policy}, stop_grace_period: 1s}`);
        const { code, stdout } = await run('deploy');
        expect(code).toBe(0);
        return stdout;
      };
      push(11);
      await docker.getImage(tag).remove({ force: true });
      const before = Date.now();
      await deployed('every_1h');
      const { Id, Metadata } = (await docker.getImage(tag).inspect()) as ImageInspectInfo & {
        Metadata: { LastTagTime: string };
      };
      expect(Date.parse(Metadata.LastTagTime)).toBeGreaterThan(before);
      push(12);
      execFileSync('docker', ['tag', Id, tag]);
      expect(await deployed('every_1h')).toContain('web unchanged');
      expect(await deployed('always')).toMatch(/~ web +replace +image/);
    });

    it('are pushed, and pulled from there where they are missing', async () => {
      write(
        'compose.yaml',
        'services:',
        '  web:',
        `    image: ${repository}:1.2`,
        '    build: {dockerfile_inline: "' + `FROM ${images.app}\\nRUN echo pushed > /mode\\n"}`,
        '    stop_grace_period: 1s',
      );
      const first = await run('deploy');
      expect(first).toMatchObject({ code: 0 });
      expect(first.stderr).toMatch(/push done/);
      const [tag] = (await tagsOf(repository)).filter((each) => each.startsWith(`${repository}:1.2-`));
      expect(tag).toMatch(/:1\.2-[0-9a-f]{12}$/);
      expect((await docker.getImage(tag!).inspect()).RepoDigests).toHaveLength(1);
      expect(await run('stop')).toMatchObject({ code: 0 });
      for (const each of await tagsOf(repository)) await docker.getImage(each).remove({ force: true });
      const again = await run('deploy');
      expect(again).toMatchObject({ code: 0 });
      expect(again.stderr).toBe('');
    });
  });
});
