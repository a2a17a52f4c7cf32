import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblem, loadStack, type LoadOptions } from '../../src/config';
import { problemsIn } from '../support/problems';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-builds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (text: string, options: LoadOptions = {}) => {
  const file = join(folder, 'deploy-code.yaml');
  writeFileSync(file, text);
  return loadStack({ file, shell: {}, ...options });
};
const problemsOf = (text: string, options: LoadOptions = {}): string[] =>
  problemsIn(() => load(text, options)).map((problem) => formatProblem({ ...problem, file: undefined }));

const nothing = {
  args: {},
  labels: {},
  secrets: [],
  ssh: [],
  contexts: {},
  cacheFrom: [],
  cacheTo: [],
  platforms: [],
  tags: [],
  noCache: false,
  noCacheFilter: [],
  pull: false,
  extraHosts: [],
  ulimits: [],
  privileged: false,
  entitlements: [],
  always: false,
};

it('reads the short form, and names the image as Compose does', () => {
  const { stack, builds } = load(
    'name: shop\nservices:\n  web: {build: ./web}\n  Api.V2: {build: ., image: "api:2"}\n',
  );
  expect(builds.web).toEqual({
    ...nothing,
    service: 'web',
    image: 'shop-web',
    context: join(folder, 'web'),
    dockerfile: { path: 'Dockerfile' },
  });
  expect(builds['Api.V2']).toMatchObject({ image: 'api:2', context: folder });
  expect(stack.services.web).toMatchObject({ image: 'shop-web', pullPolicy: 'missing' });
  expect(stack).not.toHaveProperty('builds');
});

it.each([
  ['Api.V2', 'shop-api.v2'],
  ['a..b', 'shop-a-b'],
  ['web_', 'shop-web'],
])('finds a name for the image of a service called %s', (service, image) =>
  expect(load(`name: shop\nservices:\n  "${service}": {build: .}\n`).builds[service]?.image).toBe(image),
);

it('keeps secrets that only builds take on this machine', () => {
  const text =
    'name: shop\nservices:\n  web: {build: {secrets: [npm, token, {source: both, target: id}]}, secrets: [both]}\n' +
    'secrets: {npm: {file: ./npmrc}, token: {environment: TOKEN}, both: {file: /etc/both}}\n';
  const { stack, builds } = load(text, { shell: { TOKEN: 'planted-6612' } });
  expect(builds.web!.secrets).toEqual([
    { id: 'npm', file: join(folder, 'npmrc') },
    { id: 'token', value: 'planted-6612' },
    { id: 'id', file: '/etc/both' },
  ]);
  expect(Object.keys(stack.secrets)).toEqual(['both']);
  expect(JSON.stringify(stack)).not.toContain('planted-6612');
});

it('builds nothing where the command line names the image', () => {
  const { stack, builds } = load('name: shop\nservices:\n  web: {build: .}\n', { images: { web: 'web:7' } });
  expect(builds).toEqual({});
  expect(stack.services.web!.image).toBe('web:7');
});

it.each([
  [
    'secrets: [npm]',
    '',
    '3:21 services.web.build: the secret "npm" is not declared; add it under the top-level secrets',
  ],
  [
    'secrets: [npm]',
    'secrets: {npm: {environment: NPM}}',
    '3:21 services.web.build: the secret "npm" needs the variable NPM, which is not set; set it',
  ],
  [
    'secrets: [npm]',
    'secrets: {npm: {vault: "a#b"}}',
    '3:21 services.web.build: the secret "npm" is kept in Vault; a build takes files and variables of this machine',
  ],
  [
    'dockerfile: a, dockerfile_inline: b',
    '',
    '3:21 services.web.build: has both dockerfile and dockerfile_inline; keep one',
  ],
  ['args: [A]', '', /^3:21 services\.web\.build: "A" has no value; write KEY=value/],
  ['tags: ["A B"]', '', '3:21 services.web.build: "A B" is not a name of an image'],
  [
    '',
    'infrastructure: {orchestrator: Kubernetes}',
    '3:3 services.web.image: names no registry, and the nodes of a cluster pull from one; ' +
      'write image: registry.example.com/shop-web',
  ],
  [
    '',
    'infrastructure: {orchestrator: Process}',
    /^3:\d+ services\.web\.build: build is not supported by processes; remove it/,
  ],
  ['contex: .', '', /^3:\d+ services\.web\.build\.contex: is not a key here \(did you mean "context"\?\)/],
])('refuses {%s} with %s', (build, more, problem) =>
  expect(problemsOf(`name: shop\nservices:\n  web: {command: x, build: {${build}}}\n${more}\n`)).toEqual([
    typeof problem === 'string' ? problem : expect.stringMatching(problem),
  ]),
);

describe('secrets and variables of --secret, and stored ones', () => {
  const secret = (source: string) =>
    `name: shop\nservices: {web: {build: {context: ., secrets: [token]}}}\nsecrets: {token: ${source}}\n`;
  const argument = 'name: shop\nservices: {web: {build: {context: ., args: {A: "${TOKEN}"}}}}\n';

  it.each(['{environment: TOKEN}', '{stored: TOKEN}'])('are given to builds byte for byte: %s', (source) => {
    const { builds, stack, sealing } = load(secret(source), { secrets: { TOKEN: Buffer.from('s3cret\n') } });
    expect(builds.web!.secrets).toEqual([{ id: 'token', value: 's3cret\n' }]);
    expect(JSON.stringify([stack, sealing])).not.toContain('s3cret');
    expect(problemsOf(secret(source), { secrets: { TOKEN: Buffer.from([255]) } })).toEqual([
      '2:18 services.web.build: the secret "token" is not UTF-8 text; a build takes only a file for it',
    ]);
  });

  it('are refused where only the engine knows the value, with what to do', () => {
    expect(problemsOf(secret('{stored: TOKEN}'), { stored: ['TOKEN'] })).toEqual([
      '2:18 services.web.build: the secret "token" is stored by the engine, which never gives it out; ' +
        'pass it: --secret TOKEN=…',
    ]);
    expect(problemsOf(argument, { stored: ['TOKEN'] })).toEqual([
      '2:18 services.web.build: uses the stored secret TOKEN, which the engine never gives out; ' +
        'pass it: --secret TOKEN=…',
    ]);
    expect(load(argument, { stored: ['TOKEN'], secrets: { TOKEN: 's3cret' } }).builds.web!.args.A).toContain('s3cret');
  });
});
