import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCommand } from '../../../src/cli/build/build-command';
import { loadStack, type ImageBuild } from '../../../src/config';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const buildOf = (build: object, service: object = {}): ImageBuild => {
  const file = join(folder, 'compose.yaml');
  const services = { app: { build, ...service }, base: { build: '.' } };
  const secrets = { npm: { file: './npmrc' }, own: { environment: 'OWN' } };
  writeFileSync(file, JSON.stringify({ name: 'shop', services, secrets }));
  return loadStack({ file, shell: { API_TOKEN: 'planted-5531', OWN: 'planted-5532' } }).builds.app!;
};
const target = { name: 'shop-app:abc', isPushed: false, names: { base: 'shop-base:def' } };

it('passes everything to buildx, and secrets only by variables', () => {
  const build = buildOf({
    context: '.',
    dockerfile_inline: 'FROM busybox\n',
    target: 'app',
    args: { MODE: 'x y', API_TOKEN: '${API_TOKEN}' },
    labels: { a: 'b=c' },
    secrets: ['npm', { source: 'own', target: 'mine' }],
    ssh: ['default', 'deploy=./key'],
    cache_from: ['type=gha', 'shop:cache'],
    cache_to: ['type=inline'],
    additional_contexts: { base: 'service:base', alpine: 'docker-image://alpine:3' },
    extra_hosts: ['db:10.0.0.1'],
    ulimits: { nofile: { soft: 1, hard: 2 }, nproc: 3 },
    shm_size: '64m',
    network: 'none',
    no_cache: true,
    no_cache_filter: ['app'],
    pull: true,
    privileged: true,
    entitlements: ['network.host'],
    provenance: 'mode=max',
    sbom: true,
    tags: ['shop/app:next'],
  });
  expect(buildCommand(build, 'buildx', target)).toEqual({
    words: [
      'buildx',
      'build',
      '--progress=plain',
      '--load',
      `--secret=id=npm,src=${join(folder, 'npmrc')}`,
      '--secret=id=mine,env=DEPLOY_CODE_BUILD_SECRET_1',
      '--ssh=default',
      `--ssh=deploy=${join(folder, 'key')}`,
      '--build-context=base=docker-image://shop-base:def',
      '--build-context=alpine=docker-image://alpine:3',
      '--cache-from=type=gha',
      '--cache-from=shop:cache',
      '--cache-to=type=inline',
      '--no-cache-filter=app',
      '--allow=network.host',
      '--allow=security.insecure',
      '--provenance=mode=max',
      '--sbom=true',
      '--target=app',
      '--build-arg=MODE=x y',
      '--build-arg=API_TOKEN',
      '--label=a=b=c',
      '--network=none',
      '--no-cache',
      '--pull',
      `--shm-size=${64 * 1024 * 1024}`,
      '--add-host=db:10.0.0.1',
      '--ulimit=nofile=1:2',
      '--ulimit=nproc=3',
      '--tag=shop-app:abc',
      '--tag=shop-app',
      '--tag=shop/app:next',
      '--file=-',
      '--',
      folder,
    ],
    input: 'FROM busybox\n',
    variables: { DEPLOY_CODE_BUILD_SECRET_1: 'planted-5532', API_TOKEN: 'planted-5531' },
  });
});

it('builds all platforms for a registry, and one for a Docker', () => {
  const build = buildOf({ context: '.', platforms: ['linux/amd64', 'linux/arm64'] });
  const words = (isPushed: boolean) => buildCommand(build, 'buildx', { ...target, isPushed }).words;
  expect(words(true)).toEqual(
    expect.arrayContaining(['--push', '--platform=linux/amd64', '--platform=linux/arm64', '--tag=shop-app:abc']),
  );
  expect(words(true)).not.toContain('--tag=shop-app');
  expect(words(false)).toEqual(expect.arrayContaining(['--load', '--platform=linux/amd64']));
  expect(words(false)).not.toContain('--platform=linux/arm64');
});

it('takes a context and a Dockerfile elsewhere as they are', () => {
  const { words } = buildCommand(
    buildOf({ context: 'https://github.com/a/b.git#main:web', dockerfile: 'Dockerfile.prod' }),
    'buildx',
    target,
  );
  expect(words.slice(-3)).toEqual(['--file=Dockerfile.prod', '--', 'https://github.com/a/b.git#main:web']);
});

it.each([
  ['secrets', { secrets: ['npm'] }],
  ['ssh', { ssh: ['default'] }],
  ['additional_contexts', { additional_contexts: { base: 'service:base' } }],
  ['no_cache_filter', { no_cache_filter: 'app' }],
  ['privileged', { privileged: true }],
  ['entitlements', { entitlements: ['network.host'] }],
  ['provenance', { provenance: true }],
  ['sbom', { sbom: true }],
])('refuses %s without buildx', (key, build) => {
  expect(() => buildCommand(buildOf({ context: '.', ...build }), 'classic', target)).toThrow(
    `services.app.build.${key}: needs \`docker buildx\``,
  );
});

it('lets the classic builder do what it can', () => {
  const build = buildOf({ context: '.', cache_from: ['shop:cache', 'type=gha'], provenance: false });
  expect(buildCommand(build, 'classic', target).words).toEqual([
    'build',
    '--force-rm',
    '--cache-from=shop:cache',
    '--tag=shop-app:abc',
    '--tag=shop-app',
    `--file=${join(folder, 'Dockerfile')}`,
    '--',
    folder,
  ]);
});

it('refuses a credential by the name of a variable that Docker itself reads', () => {
  const build = buildOf({ context: '.', args: { DOCKER_AUTH_TOKEN: '${API_TOKEN}' } });
  expect(() => buildCommand(build, 'buildx', target)).toThrow(
    'services.app.build.args.DOCKER_AUTH_TOKEN: is a variable of Docker itself; choose another name',
  );
});
