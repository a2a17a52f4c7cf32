import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblem, loadStack, type LoadOptions } from '../../../src/config';
import { chooseFiles } from '../../../src/config/files';

const service = (version: string) => `services: {app: {image: "app:${version}"}}\n`;
const stackFile = `name: shop\n${service('stack')}`;

/** What is found in a folder with these files. */
function inFolder<T>(files: Record<string, string>, find: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-files-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const before = process.cwd();
  process.chdir(folder);
  try {
    return find(folder);
  } finally {
    process.chdir(before);
  }
}

const found = (files: Record<string, string>, shell: Record<string, string> = {}, environment?: string) =>
  inFolder(files, () => {
    const { dialect, files: chosen } = chooseFiles([], environment, shell);
    return [dialect, ...chosen.map((file) => file.replace(/^\.\//, ''))];
  });

describe('without -c and -f', () => {
  it.each([
    [
      'deploy-code.yaml first',
      { 'deploy-code.yaml': stackFile, 'compose.yaml': service('1') },
      ['stack', 'deploy-code.yaml'],
    ],
    [
      'else compose.yaml',
      { 'docker-compose.yml': service('2'), 'compose.yaml': service('1') },
      ['compose', 'compose.yaml'],
    ],
    ['else compose.yml', { 'compose.yml': service('1') }, ['compose', 'compose.yml']],
    ['else docker-compose.yml', { 'docker-compose.yml': service('1') }, ['compose', 'docker-compose.yml']],
    ['else docker-compose.yaml', { 'docker-compose.yaml': service('1') }, ['compose', 'docker-compose.yaml']],
    [
      'with its override',
      { 'compose.yaml': service('1'), 'docker-compose.override.yml': service('2') },
      ['compose', 'compose.yaml', 'docker-compose.override.yml'],
    ],
  ])('is read: %s', (_, files, expected) => expect(found(files as Record<string, string>)).toEqual(expected));

  it('is read what COMPOSE_FILE lists, and the file of the environment', () => {
    const files = { 'a.yaml': service('1'), 'b.yaml': service('2'), 'compose.yaml': service('3') };
    expect(found(files, { COMPOSE_FILE: 'a.yaml:b.yaml' })).toEqual(['compose', 'a.yaml', 'b.yaml']);
    expect(found(files, { COMPOSE_FILE: 'a.yaml,b.yaml', COMPOSE_PATH_SEPARATOR: ',' })).toEqual([
      'compose',
      'a.yaml',
      'b.yaml',
    ]);
    expect(found({ ...files, 'compose.staging.yaml': service('4') }, {}, 'staging')).toEqual([
      'compose',
      'compose.yaml',
      'compose.staging.yaml',
    ]);
  });

  it('is missed deploy-code.yaml, where there is nothing', () =>
    inFolder({}, () => expect(() => loadStack({ shell: {} })).toThrow('deploy-code.yaml does not exist')));
});

describe('a named file', () => {
  const load = (files: Record<string, string>, names: string[], options: LoadOptions = {}) =>
    inFolder(files, (folder) => loadStack({ file: names.map((name) => join(folder, name)), shell: {}, ...options }));
  const dialect = (name: string, text: string) =>
    inFolder({ [name]: text }, (folder) => chooseFiles([join(folder, name)], undefined, {}).dialect);

  it.each([
    ['blog.yaml', service('1'), 'compose'],
    ['compose.prod.yaml', stackFile, 'compose'],
    ['my-compose.yml', stackFile, 'compose'],
    ['composer.yaml', stackFile, 'stack'],
    ['shop.yaml', stackFile, 'stack'],
    ['shop.yaml', `${stackFile}---\n${service('2')}`, 'compose'],
    ['compose.yaml', 'services: {app: {image: a, replicas: 2}}\n', 'stack'],
    ['compose.yaml', 'infrastructure: {}\nservices: {app: {image: a}}\n', 'stack'],
    ['deploy-code.yaml', service('1'), 'stack'],
  ])('%s is read for what it is: %j', (name, text, expected) => expect(dialect(name, text)).toBe(expected));

  it('is overridden by later ones, in both dialects', () => {
    const files = { 'a.yaml': service('1'), 'b.yaml': service('2'), 's.yaml': stackFile };
    expect(load(files, ['a.yaml', 'b.yaml']).stack.services.app!.image).toBe('app:2');
    expect(load(files, ['s.yaml', 'b.yaml']).stack).toMatchObject({
      name: 'shop',
      services: { app: { image: 'app:2' } },
    });
  });

  it('is read without the override beside it, and says so', () =>
    expect(
      load({ 'compose.yaml': service('1'), 'compose.override.yaml': service('2') }, ['compose.yaml']).warnings.map(
        (warning) => formatProblem(warning).replace(/\S*\//g, ''),
      ),
    ).toEqual(['compose.override.yaml is not read, because -c names compose.yaml; add -f compose.override.yaml']));
});
