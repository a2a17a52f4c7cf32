import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../../../src/cli/build/content-hash';
import { loadStack, type ImageBuild } from '../../../src/config';

const base = mkdtempSync(join(tmpdir(), 'deploy-code-hash-'));
const context = join(base, 'app');
afterAll(() => rmSync(base, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFileSync(join(context, path), text);
const buildOf = (build: object, shell: Record<string, string> = {}): ImageBuild => {
  const file = join(base, 'compose.yaml');
  writeFileSync(file, JSON.stringify({ services: { app: { build: { context: './app', ...build } } } }));
  return loadStack({ file, shell }).builds.app!;
};
const hashOf = (build: object = {}, shell?: Record<string, string>, names: Record<string, string> = {}) =>
  contentHash(buildOf(build, shell), names);

beforeEach(() => {
  rmSync(context, { recursive: true, force: true });
  mkdirSync(join(context, 'src'), { recursive: true });
  write('Dockerfile', 'FROM busybox\n');
  write('src/a', 'a');
  write('.dockerignore', '*.log\nnode_modules\n!kept.log\n');
});

it.each<[string, () => void]>([
  ['a file', () => write('src/a', 'b')],
  ['a new file', () => write('src/b', 'b')],
  ['permissions', () => chmodSync(join(context, 'src/a'), 0o755)],
  ['a link', () => symlinkSync('src/a', join(context, 'link'))],
  ['an empty folder', () => mkdirSync(join(context, 'empty'))],
  ['an exception of the ignore file', () => write('kept.log', 'x')],
  ['the ignore file', () => write('.dockerignore', 'src\n')],
  ['the Dockerfile', () => write('Dockerfile', 'FROM debian\n')],
])('changes with %s', async (_, change) => {
  const before = await hashOf();
  change();
  expect(await hashOf()).not.toBe(before);
});

it.each<[string, () => void]>([
  ['times', () => utimesSync(join(context, 'src/a'), 1, 1)],
  ['files that are left out', () => write('src.log', 'x')],
  ['folders that are left out', () => mkdirSync(join(context, 'node_modules/x'), { recursive: true })],
])('does not change with %s', async (_, change) => {
  const before = await hashOf();
  change();
  expect(await hashOf()).toBe(before);
});

it('goes by the ignore file of the Dockerfile itself first', async () => {
  write('Dockerfile.dockerignore', 'src\n');
  const before = await hashOf();
  write('src/a', 'b');
  expect(await hashOf()).toBe(before);
});

it('moves no boundary between a name and what follows', async () => {
  write('src/b', 'c');
  const before = await hashOf();
  rmSync(join(context, 'src/b'));
  write('src/bc', '');
  expect(await hashOf()).not.toBe(before);
});

it('counts options that change the image, but neither caches nor credentials', async () => {
  const plain = await hashOf();
  const others = [{ target: 'x' }, { args: { A: '1' } }, { labels: { a: 'b' } }, { network: 'host' }];
  const hashes = await Promise.all(others.map((each) => hashOf(each)));
  expect(new Set([plain, ...hashes]).size).toBe(others.length + 1);
  expect(await hashOf({ cache_from: ['type=gha'], tags: ['a:b'], no_cache: true })).toBe(plain);
  const withToken = (token: string) => hashOf({ args: ['API_TOKEN'] }, { API_TOKEN: token });
  expect(await withToken('one')).toBe(await withToken('two'));
  const inline = (token: string) => hashOf({ dockerfile_inline: 'FROM a\nENV T=${API_TOKEN}\n' }, { API_TOKEN: token });
  expect(await inline('one')).toBe(await inline('two'));
});

it('counts other contexts, and images of other services by their content', async () => {
  mkdirSync(join(base, 'more'), { recursive: true });
  const more = { additional_contexts: { more: './more', base: 'service:base' } };
  const file = join(base, 'compose.yaml');
  const hash = async (name: string) => {
    const services = { app: { build: { context: './app', ...more } }, base: { build: './app' } };
    writeFileSync(file, JSON.stringify({ services }));
    return contentHash(loadStack({ file }).builds.app!, { base: name });
  };
  const before = await hash('base:1');
  expect(await hash('base:2')).not.toBe(before);
  writeFileSync(join(base, 'more', 'x'), 'y');
  expect(await hash('base:1')).not.toBe(before);
});

it.each([
  [{ context: './nowhere' }, 'services.app.build.context: ', 'is not a folder; check the path'],
  [{ dockerfile: 'Other' }, 'services.app.build.dockerfile: ', 'does not exist; check the path'],
  [{ additional_contexts: { x: './y' } }, 'services.app.build.additional_contexts.x: ', 'is not a folder'],
])('names what is missing: %j', async (build, path, problem) => {
  const failure = await hashOf(build).catch((error: Error) => error.message);
  expect(failure).toContain(path);
  expect(failure).toContain(problem);
});
