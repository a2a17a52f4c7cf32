import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { parse } from 'yaml';
import { describeUnless } from '../support/parts';

interface Service {
  image?: string;
  build?: unknown;
  user?: string;
  privileged?: boolean;
  restart?: string;
  network_mode?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition?: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
}

interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const root = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const text = read('docker-compose.yml');
const file = parse(text, { merge: true }) as ComposeFile;
const services = Object.entries(file.services);
const dockerfile = read('Dockerfile');
const worker = file.services.worker!;
const required = { POSTGRES_PASSWORD: 'not-a-password', DOCKER_GID: '999' };

const isJob = ({ restart = '' }: Service) => restart.startsWith('on-failure');
const mounts = ({ volumes = [] }: Service) => volumes.map((volume) => volume.split(':')[0]!);

describe('docker-compose.yml', () => {
  // compose-spec.json: github.com/compose-spec/compose-go v2.16.2, schema/compose-spec.json, unchanged (Apache-2.0).
  it('follows the Compose Specification', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, formats: { duration: true, subnet_ip_address: true } });
    const validate = ajv.compile(JSON.parse(read('tests/production/compose-spec.json')) as object);
    validate(file);
    expect(validate.errors).toBeNull();
  });

  const missing =
    spawnSync('docker', ['compose', 'version']).status === 0 ? undefined : '`docker compose` is not on this machine';
  describeUnless(missing, 'read by docker compose', () => {
    const config = (environment: Record<string, string>) =>
      spawnSync('docker', ['compose', '--env-file', '/dev/null', 'config', '--format', 'json'], {
        cwd: root,
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          DOCKER_CONFIG: process.env.DOCKER_CONFIG,
          ...environment,
        },
      });

    it('is accepted, with every service', () => {
      const { status, stdout, stderr } = config(required);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(Object.keys((JSON.parse(stdout) as ComposeFile).services).sort()).toEqual(
        Object.keys(file.services).sort(),
      );
    });

    it.each(Object.keys(required))('is refused without %s', (name) => {
      const { status, stderr } = config({ ...required, [name]: '' });
      expect(status).not.toBe(0);
      expect(stderr).toContain(`required variable ${name} is missing a value`);
    });
  });

  it('uses fixed versions, and nothing of auto-setup', () => {
    expect(text).not.toContain('auto-setup');
    for (const [name, { image }] of services)
      expect({ name, image }).toEqual({ name, image: expect.stringMatching(/:(?!latest$)[\w.-]+$/) as string });
  });

  it('checks the health of everything that keeps running', () => {
    for (const [name, { restart, healthcheck, build }] of services.filter(([, service]) => !isJob(service))) {
      const checked =
        healthcheck?.disable !== true &&
        (healthcheck?.test !== undefined || (build !== undefined && /^HEALTHCHECK /m.test(dockerfile)));
      expect({ name, restart, checked }).toEqual({ name, restart: 'unless-stopped', checked: true });
    }
  });

  it('waits for the health of services and the success of jobs', () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const wanted = isJob(file.services[other]!) ? 'service_completed_successfully' : 'service_healthy';
        expect({ name, other, condition }).toEqual({ name, other, condition: wanted });
      }
    }
  });

  it('takes every secret from the environment', () => {
    for (const [name, { environment = {} }] of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/PASS|PWD|SECRET|TOKEN|_KEY$/.test(key))
          expect({ name, key, value }).toEqual({
            name,
            key,
            value: expect.stringMatching(/^\$\{\w+:\?[^}]+\}$/) as string,
          });
      }
    }
    for (const content of [
      text,
      dockerfile,
      read('configs/production/temporal-setup.sh'),
      read('configs/production/temporal.yaml'),
      read('configs/production/prometheus.yml'),
    ]) {
      expect(content).not.toMatch(/:\/\/[^/\s]+:[^/\s]+@/);
      expect(content).not.toMatch(/(password|passwd|pwd|secret|token)["']?\s*[:=]\s*["']?(?!\$\{)[\w-]/i);
    }
  });

  it('names all variables that it requires in docs/production.md', () => {
    const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
    const documented = read('docs/production.md');
    expect([...new Set(names)].filter((name) => !documented.includes(name))).toEqual([]);
    expect(new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name))).toEqual(
      new Set(Object.keys(required)),
    );
  });

  it('runs the worker as somebody other than root', () => {
    const users = [...dockerfile.matchAll(/^USER (\S+)/gm)].map(([, user]) => user!);
    expect(users.at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(worker).toMatchObject({ cap_drop: ['ALL'], read_only: true, security_opt: ['no-new-privileges:true'] });
    for (const [name, { user, privileged }] of services)
      expect({ name, user, privileged }).toEqual({ name, user: undefined, privileged: undefined });
  });

  it('listens on the loopback interface only', () => {
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(services.filter(([, { network_mode }]) => network_mode).map(([name]) => name)).toEqual([
      'worker',
      'server',
      'prometheus',
    ]);
    expect(file.services.prometheus!.command).toContain('--web.listen-address=127.0.0.1:9090');
    expect(worker.command).toBeUndefined(); // the worker's own default is 127.0.0.1
    expect(file.services.server!.command).toContain('${DEPLOY_CODE_SERVER_HOST:-127.0.0.1}');
  });

  it('mounts files that exist and volumes that it declares', () => {
    const sources = services.flatMap(([, service]) => mounts(service));
    for (const source of sources.filter((each) => each.startsWith('.')))
      expect({ source, exists: existsSync(join(root, source)) }).toEqual({ source, exists: true });
    expect(new Set(sources.filter((each) => /^\w/.test(each)))).toEqual(new Set(Object.keys(file.volumes)));
  });

  it('has Prometheus scrape the ports that the worker, the server and Temporal serve', () => {
    const { scrape_configs: jobs } = parse(read('configs/production/prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = Object.fromEntries(
      jobs.map(({ job_name, static_configs }) => [job_name, static_configs.flatMap((each) => each.targets)]),
    );
    const temporal = file.services.temporal!;
    const [port] = temporal.environment!.PROMETHEUS_ENDPOINT!.split(':').slice(-1);
    expect(targets).toEqual({
      'deploy-code': ['127.0.0.1:9464'],
      'deploy-code-server': ['127.0.0.1:9466'],
      temporal: [temporal.ports!.find((each) => each.endsWith(`:${port}`))!.replace(`:${port}`, '')],
      prometheus: ['127.0.0.1:9090'],
    });
  });
});
