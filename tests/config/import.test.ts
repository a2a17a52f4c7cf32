import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { formatProblem, loadStack } from '../../src/config';
import { importCompose, type ImportOptions } from '../../src/config/import';
import { writeStack } from '../support/stack';

const imported = (compose: string, options: Partial<ImportOptions> = {}) => {
  const { text, lost } = importCompose({ files: [writeStack(compose, 'compose.yaml')], shell: {}, ...options });
  return {
    text,
    stack: parse(text) as { services: Record<string, Record<string, unknown>> },
    lost: lost.map((problem) => formatProblem({ ...problem, file: undefined, column: undefined })),
  };
};
const service = (text: string, options?: Partial<ImportOptions>) => {
  const { stack, lost } = imported(
    `services:\n  a:\n    ${text}\n    hostname: here\n${text.startsWith('image') ? '' : '    image: a:1\n'}`,
    options,
  );
  return { a: stack.services.a!, lost };
};

describe('the import of a compose file', () => {
  it('keeps the names that compose gave the volumes, so that their data is found', () => {
    expect(
      imported(
        'name: shop\nservices: {db: {image: "db:1", volumes: ["pg:/data", "logs:/logs", "old:/old"]}}\n' +
          'volumes: {pg: {driver: local}, logs: {name: shared_logs}, old: {external: true}}\n',
        { name: 'store' },
      ).stack,
    ).toMatchObject({
      name: 'store',
      volumes: { pg: { name: 'shop_pg' }, logs: { name: 'shared_logs' }, old: { external: true } },
    });
  });

  it('makes a job of what others wait for until it has completed', () => {
    const { text, stack } = imported(
      'services:\n  migrate: {image: "m:1", restart: "no"}\n  api: {image: "a:1", scale: 2, ' +
        'depends_on: {migrate: {condition: service_completed_successfully}}}\n',
    );
    expect(stack).toMatchObject({
      services: { migrate: { kind: 'job' }, api: { replicas: 2, depends_on: { migrate: 'completed' } } },
    });
    expect(loadStack({ file: writeStack(text), shell: {} }).stack.services.migrate).toMatchObject({
      kind: 'job',
      restart: 'no',
    });
  });

  it('writes short forms, the usual keys first, and paths below the folder as relative ones', () => {
    expect(
      imported(
        'services:\n  a:\n    volumes: ["d:/d:ro", "./x:/x", "/etc/x:/y"]\n' +
          '    env_file: [a.env]\n    ports: ["127.0.0.1:80:81", 82]\n    image: a:1\nvolumes: {d: }\n',
        { name: 'shop' },
      ).text.replace(/deploy-code-stack-[a-z0-9]+/gi, 'F'),
    ).toBe(
      `# Imported from compose.yaml. \`deploy-code validate\` checks it, \`deploy-code plan\` shows what it does.
name: shop
services:
  a:
    image: a:1
    env_file:
      - path: ./a.env
        read_by: client
    ports:
      - 127.0.0.1:80:81
      - target: 82
    volumes:
      - d:/d:ro
      - type: bind
        source: ./x
        target: /x
        bind:
          create_host_path: true
      - type: bind
        source: /etc/x
        target: /y
        bind:
          create_host_path: true
    restart: no
volumes:
  d:
    name: F_d
networks:
  default: {}
`,
    );
  });

  it('refuses what is no compose file, and what deploy could not read', () => {
    expect(() => imported('- a\n')).toThrow('is not a Compose file: it is not a map with services');
    expect(() => imported('services: {a: {image: a, volumes: ["pg:/data"]}}\n')).toThrow('"pg" is not declared');
    expect(() => imported('name: a\ninfrastructure: {}\nservices: {a: {image: a}}\n')).toThrow(
      'is a stack file already',
    );
  });

  it('names with its line what has no place in a stack file, and why', () => {
    expect(
      imported(
        'services:\n  a:\n    image: a:1\n    build: .\n    labels: [x]\n    use_api_socket: true\n    ' +
          'isolation: hyperv\n    environment: {NOT_HERE: }\n  b: {image: b, profiles: [debug]}\n  c: {image: c}\n',
        { profiles: ['other'] },
      ).lost,
    ).toEqual([
      '6 services.a.use_api_socket: would pass your credentials on; mount /var/run/docker.sock if you mean that',
      '7 services.a.isolation: is for Windows, and makes no difference on Linux',
      '8 services.a.environment.NOT_HERE: has no value here, and is left out; ' +
        'write NOT_HERE: ${NOT_HERE} to pass it on',
      '9 services.b: has only profiles that are not active, and is left out; name one with --profile',
    ]);
  });
});

describe('variables of an imported file', () => {
  const shell = { TAG: '1.2', PORT: '8080', N: '2', DIR: './data', ADDRESS: '127.0.0.1', WAIT: '5s', GREETING: '$5' };

  it.each<[string, unknown]>([
    ['image: "nginx:${TAG:-latest}-alpine"', { image: 'nginx:${TAG:-latest}-alpine' }],
    ['image: $TAG', { image: '${TAG}' }],
    ['ports: ["${ADDRESS}:${PORT}:8080"]', { ports: ['${ADDRESS}:${PORT}:8080'] }],
    ['deploy: {replicas: "${N}"}', { replicas: '${N}' }],
    ['volumes: ["${DIR}/x:/x"]', { volumes: [{ source: '${DIR}/x' }] }],
    ['volumes: ["${NO_DIR:-./made}:/x"]', { volumes: [{ source: '${NO_DIR:-./made}' }] }],
    ['stop_grace_period: "${WAIT}"', { stop_grace_period: '${WAIT}' }],
    ['command: serve --tag "$TAG" $$HOME', { command: ['serve', '--tag', '${TAG}', '$$HOME'] }],
    [
      'environment: ["A=${TAG}", TAG, "B=$${X}", "C=$$5"]',
      { environment: { A: '${TAG}', TAG: '${TAG}', B: '$${X}', C: '$5' } },
    ],
    ['environment: {A: "$GREETING"}', { environment: { A: '${GREETING}' } }],
    [
      'environment: {A: "${NOT_SET}", B: "${X:-${NOT_SET}}"}',
      { environment: { A: '${NOT_SET:-}', B: '${X:-${NOT_SET:-}}' } },
    ],
    ['environment: {PW: "${MUST:?set it}"}', { environment: { PW: '${MUST:?set it}' } }],
    ['restart: "${RESTART:-always}"', { restart: '${RESTART:-always}' }],
  ])('stay variables: %s', (text, expected) => {
    const { a, lost } = service(text, { shell });
    expect(a).toMatchObject(expected as object);
    expect(lost).toEqual([]);
  });

  it('are filled in where they cannot stay, which is said', () => {
    const { a, lost } = service('privileged: "${YES:-true}"\n    command: run ${TWO}', { shell: { TWO: 'two words' } });
    expect(a).toMatchObject({ privileged: true, command: ['run', 'two', 'words'] });
    expect(lost).toEqual([
      '3 services.a.privileged: depends on a variable, whose value is filled in',
      '4 services.a.command: depends on a variable, whose value is filled in',
    ]);
  });

  it('hold no credential in plain text', () => {
    const secret = 'correct-horse';
    const text =
      'services:\n  a:\n    image: a:1\n    command: serve --key ${API_KEY}\n' +
      '    environment: {DB_PASSWORD: , URL: "db://x:${DB_PASSWORD}@db"}\n' +
      '    labels: ["${API_KEY}=1"]\n    secrets: [token]\n    configs: [c]\n    env_file: a.env\n' +
      'secrets: {token: {environment: API_KEY}}\nconfigs: {c: {environment: API_KEY}}\n';
    const file = writeStack(text, 'compose.yaml');
    writeFileSync(join(dirname(file), 'a.env'), `OTHER=${secret}\n`);
    const { text: written, lost } = importCompose({ files: [file], shell: { DB_PASSWORD: secret, API_KEY: secret } });
    expect(written).not.toContain(secret);
    expect(lost.map(formatProblem).join()).not.toContain(secret);
    expect(parse(written)).toMatchObject({
      services: {
        a: {
          command: ['serve', '--key', '${API_KEY}'],
          environment: { DB_PASSWORD: '${DB_PASSWORD}', URL: 'db://x:${DB_PASSWORD}@db' },
        },
      },
      secrets: { token: { environment: 'API_KEY', read_by: 'client' } },
      configs: { c: { content: '${API_KEY}' } },
    });
  });
});
