import { stringify } from 'yaml';
import { loadStack, StackFileError } from '../../src/config';
import { writeStack } from '../support/stack';

const load = (content: string, shell = {}) => loadStack({ file: writeStack(content), shell });
const warnings = (content: string, shell = {}) =>
  load(content, shell).warnings.map(({ line, path, message }) => `${line} ${path}: ${message}`);
const problems = (content: string): string[] => {
  try {
    load(content);
  } catch (error) {
    if (error instanceof StackFileError)
      return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
    throw error;
  }
  return [];
};
const service = (text: string) => `name: shop\nservices:\n  a:\n    image: "app:1"\n    ${text}\n`;

describe('what looks like a credential in a stack file', () => {
  it('is warned of by line and key, never refused, and never shown', () => {
    const found = warnings(
      service(
        'environment: {DB_PASSWORD: hunter2-H5, AWS_SECRET_ACCESS_KEY: "AKIAH5", PGPASSWORD: 4711, LOG_LEVEL: info}',
      ),
    );
    expect(found.map((each) => each.split(' looks')[0])).toEqual([
      '5 services.a.environment.DB_PASSWORD: DB_PASSWORD',
      '5 services.a.environment.AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY',
      '5 services.a.environment.PGPASSWORD: PGPASSWORD',
    ]);
    expect(found[0]).toContain('use it with secrets: [{source: …, environment: DB_PASSWORD}]');
    expect(found.join()).not.toMatch(/hunter2|AKIA|4711/);
  });

  it.each([
    ['environment: ["DB_PASSWORD=hunter2"]', 'services.a.environment.0: DB_PASSWORD looks'],
    [
      'environment: {DATABASE_URL: "postgres://shop:hunter2@db/shop"}',
      'services.a.environment.DATABASE_URL: contains a URL with a password',
    ],
    ['command: [app, "--api-key=hunter2"]', 'services.a.command.1: api-key looks'],
    ['command: "app redis://:hunter2@cache"', 'services.a.command: contains a URL with a password'],
    [
      'labels: {traefik.auth.password: hunter2}',
      'services.a.labels.traefik.auth.password: traefik.auth.password looks',
    ],
    [
      'logging: {driver: splunk, options: {splunk-token: hunter2}}',
      'services.a.logging.options.splunk-token: splunk-token looks',
    ],
    [
      'health_check: {http: ":80/", headers: {Authorization: "Bearer hunter2"}}',
      'services.a.health_check.headers.Authorization: Authorization looks',
    ],
  ])('is found wherever a service has it: %s', (text, message) => {
    expect(warnings(service(text))).toEqual([expect.stringContaining(`5 ${message}`)]);
  });

  it('is refused as ***, which stands for it in what config prints', () => {
    const written =
      'environment: {DB_PASSWORD: "${DB_PASSWORD}", URL: "postgres://a:${DB_PASSWORD}@db/x"}\n    ' +
      'command: [app, "--token=${DB_PASSWORD}"]';
    const printed = stringify(load(service(written), { DB_PASSWORD: 'hunter2' }).document());
    expect(printed).not.toContain('hunter2');
    expect(problems(printed).map((line) => line.replace(/^\d+ /, '').split(',')[0])).toEqual([
      'services.a.environment.DB_PASSWORD: contains ***',
      'services.a.environment.URL: contains ***',
      'services.a.command.1: contains ***',
    ]);
    expect(problems(service('environment: {RULE: "a *** b", CRON: "0 3 * * *", TEXT: "a\\n***\\nb"}'))).toEqual([]);
  });

  it('is found in what a variable brings, in a config, and in the address of a webhook', () => {
    expect(
      warnings(service('environment: {DATABASE_URL: "${URL}"}'), { URL: 'postgres://shop:hunter2@db/shop' }),
    ).toEqual([expect.stringContaining('contains a URL with a password')]);
    expect(
      warnings('name: shop\nconfigs: {c: {content: "-----BEGIN RSA PRIVATE KEY-----"}}\nservices: {a: {image: x}}\n'),
    ).toEqual([expect.stringContaining('2 configs.c.content: contains a private key')]);
    expect(
      warnings(
        'name: shop\nsubscribers: {w: {webhook: {url: ' +
          '"https://x.example.com/hook?token=hunter2"}}}\nservices: {a: {image: x}}\n',
      ),
    ).toEqual([
      expect.stringMatching(/^2 subscribers\.w\.webhook\.url: has a parameter "token".*write url: \{secret: NAME\}$/),
    ]);
  });

  it('is no setting, no file, and no name of a secret', () => {
    const text = `name: shop
secrets: {db_password: {file: ./p}, hook: {file: ./h}}
subscribers: {w: {webhook: {url: {secret: hook}}}, r: {redis: {url: "redis://r", password: db_password}}}
services:
  a:
    image: "app:1"
    environment:
      DB_PASSWORD_FILE: /run/secrets/db_password
      TOKEN_ISSUER: shop
      USE_PASSWORD: "true"
      API_URL: "http://api:8080"
      EMPTY_TOKEN: ""
      MAIL: "ann@example.com"
    secrets: [db_password]
`;
    expect(warnings(text)).toEqual([]);
  });
});

describe('an address with a user or password', () => {
  it.each([
    [
      'subscribers: {w: {webhook: {url: "https://me:hunter2@x.example.com/hook"}}}',
      'subscribers.w.webhook.url: contains a user or password, which would be stored with the ' +
        'release; put the whole address into a secret and write url: {secret: NAME}',
    ],
    [
      'subscribers: {w: {redis: {url: "redis://:hunter2@x"}}}',
      'subscribers.w.redis.url: contains a password; name a secret in `password` instead',
    ],
    [
      'monitoring: {prometheus: {endpoint: "http://me:hunter2@prometheus:9090"}}',
      'monitoring.prometheus.endpoint: contains a user or password, which would be stored with the release',
    ],
    [
      'infrastructure: {hosts: {alpha: {docker: "ssh://me:hunter2@10.0.0.1"}}}',
      'infrastructure.hosts.alpha.docker: contains a password; use tls for tcp://, and an SSH ' +
        'key of the worker for ssh://',
    ],
  ])('is refused without being shown: %s', (text, message) => {
    const found = problems(`name: shop\n${text}\nservices: {a: {image: "x:1"}}\n`);
    expect(found).toEqual([expect.stringContaining(`2 ${message}`)]);
    expect(found.join()).not.toContain('hunter2');
  });

  it('may be a secret, of a webhook and of Slack alike', () => {
    const { stack } = load(
      'name: shop\nsecrets: {u: {file: /u}}\nsubscribers: {w: {webhook: {url: {secret: u}}}, s: ' +
        '{slack: {url: {secret: u}}}, t: {slack: {url: u}}}\nservices: {a: {image: "x:1"}}\n',
    );
    const url = { name: 'u', source: { file: '/u' } };
    expect(stack.subscribers!.map(({ target }) => target)).toEqual([
      { kind: 'webhook', url },
      { kind: 'slack', url },
      { kind: 'slack', url },
    ]);
    expect(
      problems('name: shop\nsubscribers: {w: {webhook: {url: {secret: nowhere}}}}\nservices: {a: {image: "x:1"}}\n'),
    ).toEqual(['2 subscribers.w: the secret "nowhere" is not declared; add it under the top-level secrets']);
  });
});
