import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reveal } from '../../src/model/text/marks';
import { loadStack, StackFileError, type LoadOptions } from '../../src/config';
import { problemsIn } from '../support/problems';
import { stackOf, writeStack } from '../support/stack';

const problems = (content: string, options: Partial<LoadOptions> = {}): string[] => {
  const file = writeStack(content);
  try {
    loadStack({ file, shell: {}, ...options });
  } catch (error) {
    if (error instanceof StackFileError)
      return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
    throw error;
  }
  return [];
};

const head = 'name: shop\ninfrastructure: {network: {cidr: 172.20.0.0/16}}\n';

describe('a stack file', () => {
  it('reads the whole example of the documentation', () => {
    const file = writeStack(`name: shop
version: "1.0.0"
environment: production
infrastructure: {container_runtime: Docker, network: {mode: Bridge, cidr: "172.20.0.0/16"}}
deployment: {strategy: Parallel, max_parallel: 4, timeout_seconds: 300, rollback_on_failure: true}
secrets:
  pg_password: {file: /etc/shop/pg_password}
volumes:
  pgdata: {name: shop_pgdata, external: true}
configs:
  prom: {file: ./prometheus.yml}
x-app: &app
  image: ghcr.io/acme/api:\${TAG:?use --set TAG=}
  environment: {PGHOST: postgres}
  secrets: [pg_password]
services:
  postgres:
    image: postgres:15
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/pg_password}
    secrets: [pg_password]
    volumes: ["pgdata:/var/lib/postgresql/data"]
    health_check: {command: [pg_isready, -U, postgres], interval: 2s}
    stop_grace_period: 60s
    resources: {reserve: {memory: 1G}, limit: {memory: 4G}}
  redis: {image: redis:7, health_check: {command: [redis-cli, ping]}}
  migrate:
    <<: *app
    kind: job
    command: [bin/migrate, up]
    depends_on: {postgres: healthy}
    timeout: 20m
  api:
    <<: *app
    replicas: 3
    depends_on: {migrate: completed, redis: healthy}
    health_check: {http: ":8080/healthz", interval: 2s, start_period: 10s}
  web:
    image: ghcr.io/acme/web:\${TAG}
    ports: ["80:8080"]
    depends_on: {api: healthy}
    health_check: {http: ":8080/"}
  prometheus:
    image: prom/prometheus:v2.53.0
    configs: {prom: /etc/prometheus/prometheus.yml}
    on_failure: continue
`);
    writeFileSync(join(dirname(file), 'prometheus.yml'), 'global: {}\n');
    const { stack } = loadStack({ file, variables: { TAG: '1.5.0' }, shell: {} });
    expect(stack.services.api).toMatchObject({
      image: 'ghcr.io/acme/api:1.5.0',
      replicas: 3,
      restart: 'unless-stopped',
      dependsOn: { migrate: 'completed', redis: 'healthy' },
    });
    expect(stack.services.api!.healthCheck).toEqual({
      probe: { kind: 'http', scheme: 'http', port: 8080, path: '/healthz', headers: {} },
      intervalMs: 2000,
      timeoutMs: 5000,
      retries: 3,
      startPeriodMs: 10_000,
    });
    expect(stack.services.migrate).toMatchObject({
      kind: 'job',
      run: 'on_change',
      timeoutMs: 1_200_000,
      onRollback: 'keep',
      restart: 'no',
    });
    expect(stack.services.postgres).toMatchObject({
      stopGraceMs: 60_000,
      reserve: { memory: 1024 ** 3 },
      limit: { memory: 4 * 1024 ** 3 },
    });
    expect(stack.configs).toEqual({ prom: { content: 'global: {}\n' } });
    expect(stack.variables).toEqual({ TAG: '1.5.0' });
  });

  it('names every problem at once, with its place, and guesses what was meant', () => {
    expect(
      problems(`${head}services:
  api:
    imgae: acme/api:1
    depends_on: [databse]
  database:
    image: postgres:15
    replicas: many
`),
    ).toEqual([
      '5:5 services.api.imgae: is not a key here (did you mean "image"?)',
      '9:5 services.database.replicas: must be a number',
      '6:18 services.api.depends_on.databse: there is no service "databse" (did you mean "database"?)',
    ]);
    expect(
      problems(`${head}services:\n  api: {image: a:1, depends_on: [databse]}\n  database: {image: b:1}\n`),
    ).toEqual(['4:34 services.api.depends_on.databse: there is no service "databse" (did you mean "database"?)']);
  });

  it.each([
    [
      'a cycle, in order',
      'a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, depends_on: [a]}',
      'a cycle: a -> b -> c -> a',
    ],
    [
      'a taken host port',
      'a: {image: x, ports: ["80:1"]}\n  b: {image: x, ports: ["80:2"]}',
      'host port 80/tcp is already used by a; choose another',
    ],
    [
      'replicas on one host port',
      'a: {image: x, replicas: 2, ports: ["80:1"]}',
      '2 replicas cannot share host port 80; give a range such as "80-81:1"',
    ],
    [
      'more replicas than a service may have',
      'a: {image: x, replicas: 1000000}',
      '4:17 services.a.replicas: is 1,000,000; a service has at most 1,000 instances',
    ],
    [
      'a dependency on the health of a service without a check',
      'a: {image: x, depends_on: {b: healthy}}\n  b: {image: x}',
      'b has no health_check',
    ],
    ['an undeclared network', 'a: {image: x, networks: [bakcend]}', 'the network "bakcend" is not declared'],
    ['an undeclared volume', 'a: {image: x, volumes: ["data:/data"]}', 'the volume "data" is not declared'],
    ['an undeclared secret', 'a: {image: x, secrets: [key]}', 'the secret "key" is not declared'],
    ['a service without image on Docker', 'a: {command: [x]}', 'has a command but no image; on Docker it needs one'],
    [
      'a reservation above the limit',
      'a: {image: x, resources: {reserve: {memory: 2G}, limit: {memory: 1G}}}',
      'reserves more memory than the limit allows; lower it, or raise the limit',
    ],
    [
      'what Docker cannot honour',
      'a: {image: x, resources: {limit: {storage: 1G}}}',
      'resources.limit.storage is not supported by Docker; remove it, or choose another runtime',
    ],
    ['two probes', 'a: {image: x, health_check: {http: ":1/", tcp: ":1"}}', 'has http and tcp; keep one'],
    ['a key of jobs on a service', 'a: {image: x, on_rollback: keep}', 'is a key of jobs; set kind: job, or remove it'],
    [
      'a job that would never end',
      'a: {image: x, kind: job, restart: always}',
      'always would restart a job forever; use no or on-failure:N',
    ],
    ['a malformed port', 'a: {image: x, ports: ["http"]}', '"http" is not a port'],
  ])('refuses %s', (_, services, message) => {
    expect(problems(`${head}services:\n  ${services}\n`).join('\n')).toContain(message);
  });

  it('refuses two writers on one volume, unless the volume is shared', () => {
    const two = (volume: string) =>
      `${head}volumes: {data: ${volume}}\nservices:\n  a: {image: x, volumes: ` +
      '["data:/d"]}\n  b: {image: x, volumes: ["data:/d"]}\n';
    expect(problems(two('{}')).join()).toContain('a already writes to the volume data; mount it read-only here');
    expect(problems(two('{shared: true}'))).toEqual([]);
  });

  it('refuses malformed and overlapping networks', () => {
    const found = problems(
      'name: shop\nnetworks:\n  a: {cidr: 10.0.0.0/24}\n  b: {cidr: 10.0.0.128/25}\n  c: ' +
        '{cidr: 10.0.1.7/24}\n  d: {cidr: nonsense}\nservices:\n  s: {image: x}\n',
    );
    expect(found).toEqual(
      [
        '5:7 networks.c.cidr: "10.0.1.7/24" has host bits set; write an IPv4 network such as 172.20.0.0/24',
        '6:7 networks.d.cidr: "nonsense" is not a network; write an IPv4 network such as 172.20.0.0/24',
        '4:7 networks.b.cidr: 10.0.0.128/25 overlaps 10.0.0.0/24 of networks.a; choose another range',
      ].sort((a, b) => found.indexOf(a) - found.indexOf(b)),
    );
    expect(found).toHaveLength(3);
  });

  it('refuses what a process cannot honour, by name', () => {
    const found = problems(
      'name: shop\ninfrastructure: {container_runtime: Process}\nservices:\n  a: {command: [node, ' +
        'a.js], image: x, cap_add: [NET_ADMIN], resources: {limit: {memory: 1G}}}\n',
    );
    expect(found.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'services.a.image: image is not supported by processes; remove it, or choose another runtime',
      'services.a.cap_add: cap_add is not supported by processes; remove it, or choose another runtime',
      'services.a.resources.limit: resources.limit is not supported by processes; remove it, or choose another runtime',
    ]);
  });

  it('refuses rules about subjects without a server that knows them', () => {
    const file = 'name: shop\nsecurity: {rbac: {enabled: true, roles: [admin]}}\nservices: {a: {image: x}}\n';
    expect(problems(file)).toEqual([
      '2:19 security.rbac.enabled: needs security.auth.enabled, ' +
        'because only a server knows who somebody is; set it too',
    ]);
    expect(problems(file.replace('{rbac', '{auth: {enabled: true, method: JWT}, rbac'))).toEqual([]);
  });

  it('names the config that is too large, and the stack that does not fit into a message', () => {
    const file = writeStack(
      'name: shop\nconfigs:\n  small: {file: ./small.txt}\n  middle: {file: ' +
        './small.txt}\n  large: {file: ./large.txt}\nservices: {a: {image: x}}\n',
    );
    const folder = dirname(file);
    const problemsOf = () => {
      try {
        loadStack({ file, shell: {} });
        return [];
      } catch (error) {
        return (error as StackFileError).problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
      }
    };
    writeFileSync(join(folder, 'small.txt'), 'small');
    writeFileSync(join(folder, 'large.txt'), 'x'.repeat(1024 ** 2 + 1));
    expect(problemsOf()).toEqual([
      '5 configs.large: is 1.1 MiB; a config is at most 1 MiB: put large files into an image or a volume',
    ]);
    for (const name of ['small.txt', 'large.txt'])
      writeFileSync(
        join(folder, name),
        randomBytes(780_000)
          .toString('base64')
          .slice(0, 1024 ** 2),
      );
    expect(problemsOf()).toEqual([
      expect.stringMatching(/the stack is 2\.3 MiB compressed; the limit is 1\.5 MiB: move large configs/),
    ]);
  });

  it('lays the overlay of an environment over the file', () => {
    const file = writeStack(
      'name: shop\nservices:\n  a: {image: "a:1", environment: {A: "1", ' +
        'B: "2"}, ports: ["1:1"]}\n  b: {image: "b:1"}\n',
    );
    writeFileSync(
      file.replace('.yaml', '.staging.yaml'),
      'services:\n  a: {environment: {B: null, C: "3"}, ports: ["2:1"]}\n  b: null\n',
    );
    const { stack } = loadStack({ file, environment: 'staging', shell: {} });
    expect(stack.environment).toBe('staging');
    expect(Object.keys(stack.services)).toEqual(['a']);
    expect(stack.services.a).toMatchObject({
      variables: { A: '1', C: '3' },
      ports: [{ container: 1, published: { from: 2, to: 2 } }],
    });
  });

  it('points into the overlay for what the overlay says', () => {
    const file = writeStack('name: shop\nservices:\n  a: {image: "a:1"}\n');
    const over = file.replace('.yaml', '.staging.yaml');
    writeFileSync(over, '\n\nservices: {a: {replicas: -1}}\n');
    expect(() => loadStack({ file, environment: 'staging', shell: {} })).toThrow(`${over}:3:16 services.a.replicas`);
  });

  it('fills variables in, refuses those that are missing, and takes out those that are secret', () => {
    const text =
      'name: shop\nservices:\n  a:\n    image: "a:${TAG:-1}"\n    replicas: ${N:-3}\n    environment: {PRICE: ' +
      '"$${5}", DB_PASSWORD: "${PW}", KEY_FILE: "${F:-/k}"}\n    command: ["${MUST:?say it}"]\n';
    expect(problems(text, { shell: { PW: 'hunter2' } })).toEqual([
      '7:15 services.a.command.0: the variable MUST is not set: say it; set it with ' +
        '--set MUST=… or in the environment, or write a default: ${MUST:-value}',
    ]);
    const file = writeStack(text);
    const { stack, sealing } = loadStack({ file, shell: { PW: 'hunter2' }, variables: { MUST: 'x', N: '2' } });
    expect(stack.services.a).toMatchObject({
      image: 'a:1',
      replicas: 2,
      variables: { PRICE: '${5}', KEY_FILE: '/k' },
      secrets: [{ name: 'a.DB_PASSWORD', source: { sealed: '' }, target: { environment: 'DB_PASSWORD' } }],
    });
    expect(reveal(String(sealing['a.DB_PASSWORD']))).toBe('hunter2');
    expect(JSON.stringify(stack)).not.toContain('hunter2');
  });

  it('knows a credential by the name of its variable too, and a dollar sign for what it is', () => {
    const text = (environment: string) => `name: shop\nservices: {a: {image: x, environment: ${environment}}}\n`;
    const shell = { POSTGRES_PASSWORD: 'hunter2', TOKEN_ISSUER: 'https://issuer' };
    const sealed = (environment: string) => loadStack({ file: writeStack(text(environment)), shell }).sealing;
    expect(sealed('{DSN: "postgres://app:${POSTGRES_PASSWORD}@db"}')).toEqual({
      'a.DSN': 'postgres://app:\uFDD0hunter2\uFDD1@db',
    });
    expect(sealed('{PWD: "${OTHER:-${POSTGRES_PASSWORD}}"}')).toEqual({ 'a.PWD': '\uFDD0hunter2\uFDD1' });
    expect(sealed('{ISSUER: "${TOKEN_ISSUER}", PASSWORD_RULE: "$${NAME} is literal"}')).toEqual({});
    expect(
      problems(text('{POSTGRES_PASSWORD_FILE: "/run/secrets/${DB_SECRET}"}'), { shell: { DB_SECRET: 'pg' } }),
    ).toEqual([]);
    expect(problems(text('{ISSUER: "${TOKEN_ISSUER}", PASSWORD_RULE: "$${NAME} is literal"}'), { shell })).toEqual([]);
  });

  it('takes what people bring from Compose', () => {
    const { services } = stackOf(
      'name: shop\nservices:\n  a:\n    image: x\n    init: yes\n' +
        '    ports: ["43040-43042:80-82", "::1:90:91", "80:80/TCP"]\n' +
        '    env_file: [{path: ./none.env, required: false}, ./there.env]\n' +
        '    volumes: ["./x:/x:ro,z", "/y:/y:rslave"]\n' +
        '    extra_hosts: ["host.docker.internal=host-gateway", "six:::1"]\n',
    );
    expect(services.a).toMatchObject({
      init: true,
      ports: [
        { container: 80, published: { from: 43040, to: 43040 } },
        { container: 81, published: { from: 43041, to: 43041 } },
        { container: 82, published: { from: 43042, to: 43042 } },
        { container: 91, published: { from: 90, to: 90 }, hostIp: '::1' },
        { container: 80, published: { from: 80, to: 80 }, protocol: 'tcp' },
      ],
      envFiles: [expect.stringMatching(/\/there\.env$/)],
      mounts: [
        { type: 'bind', target: '/x', readOnly: true, selinux: 'z' },
        { type: 'bind', source: '/y', propagation: 'rslave' },
      ],
      extraHosts: ['host.docker.internal:host-gateway', 'six:::1'],
    });
    expect(problems('name: shop\nservices: {a: {image: x, ports: ["1-3:80-81", "x:y:z:1"]}}\n')).toEqual([
      '2:34 services.a.ports.0: "1-3:80-81" has ranges of different lengths; make them equal',
      '2:47 services.a.ports.1: "x:y:z:1": "x:y" is not an IP address',
    ]);
  });

  it('has the client read an env file where the file says so', () => {
    const text = (entries: string) => `name: shop\nservices: {a: {image: x, env_file: ${entries}}}\n`;
    const file = writeStack(text('[{path: a.env, read_by: client}]'));
    writeFileSync(join(dirname(file), 'a.env'), 'A=v-$FROM_SHELL\nFROM_SHELL\n');
    const { stack, sealing } = loadStack({ file, shell: { FROM_SHELL: '1' } });
    expect(sealing).toEqual({ 'a.env_file': { A: 'v-1', FROM_SHELL: '1' } });
    expect(stack.services.a).toMatchObject({ envFiles: [], secrets: [{ target: { variables: true } }] });
    expect(problems(text('[{path: none.env, read_by: client}]'))[0]).toMatch(
      /none\.env does not exist; check the path/,
    );
    expect(problems(text('[{path: none.env, required: false, read_by: client}]'))).toEqual([]);
    expect(problems(text('[{path: a.env, required: false, read_by: client}, b.env]'))).toEqual([
      '2:26 services.a.env_file: the client reads some of its files and the worker others; ' +
        'set one read_by for all of them',
    ]);
    expect(problems(text('[{path: a.env, format: raw}]'))).toEqual([
      '2:26 services.a.env_file: has a format, which only a file with read_by: client can have; add it',
    ]);
  });

  it('says of the other services what they mean, where one is malformed', () => {
    const text =
      'name: shop\nservices:\n  a: {image: x, replicas: two, depends_on: [nope]}\n  b: {image: x, ' +
      'depends_on: [c]}\n  c: {image: x, depends_on: [b], volumes: ["data:/d"]}\n';
    expect(problems(text).map((line) => line.replace(/: .*/, ''))).toEqual([
      '3:17 services.a.replicas',
      '3:45 services.a.depends_on.nope',
      '4:30 services.b.depends_on.c',
      '5:44 services.c.volumes.0',
    ]);
  });

  it('says which key makes a file that is called like a Compose file a stack file', () => {
    const problemsOf = (text: string) =>
      problemsIn(() => loadStack({ file: writeStack(text, 'compose.yaml'), shell: {} })).map(
        ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
      );
    const why = 'makes this a stack file, which needs a name and has keys of its own; for a Compose file, ';
    expect(problemsOf('services:\n  app: {image: "x:1", health_check: {command: "true"}}\n')).toEqual([
      `2:23 services.app.health_check: ${why}write healthcheck`,
      '1:1 name: is required',
    ]);
    expect(problemsOf('name: a\nwatch: {}\nservices: {app: {image: "x:1", links: [b]}}\n')[0]).toBe(
      `2:1 watch: ${why}write keys of a stack file under x-deploy-code`,
    );
    expect(problemsOf('name: a\nwatch: {}\nservices: {app: {image: "x:1"}}\n')).toEqual([]);
  });

  it('reports labels of networks and volumes that have no value', () => {
    const text =
      'name: a\nservices: {app: {image: "x:1"}}\nnetworks: {n: {labels: [b]}}\nvolumes: {v: {labels: [c]}}\n';
    const problems = problemsIn(() => loadStack({ file: writeStack(text), shell: {} }));
    expect(problems.map(({ line, path, message }) => `${line} ${path}: ${message}`)).toEqual([
      expect.stringContaining('3 networks.n: "b" has no value; write KEY=value'),
      expect.stringContaining('4 volumes.v: "c" has no value; write KEY=value'),
    ]);
  });

  it('reports a problem of a Compose file at the key that it is written with', () => {
    const placesOf = (text: string) =>
      problemsIn(() => loadStack({ file: writeStack(text, 'compose.yaml'), shell: {} })).map(
        ({ line, column, path }) => `${line}:${column} ${path}`,
      );
    const own =
      'services:\n  a: {image: x, x-deploy-code: {kin: job, strategy: {canary: {}}}}\n' +
      'x-deploy-code:\n  deployment: {timeout_seconds: -1}\n  services: {a: {phase: 0}}\n';
    expect(placesOf(own).sort()).toEqual([
      '2:33 services.a.x-deploy-code.kin',
      '2:54 services.a.x-deploy-code.strategy.canary.steps',
      '4:16 x-deploy-code.deployment.timeout_seconds',
      '5:18 x-deploy-code.services.a.phase',
    ]);
    expect(placesOf('services:\n  a: {image: x, zzz: 1, x-deploy-code: [1]}\nx-deploy-code: 5\n').sort()).toEqual([
      '2:17 services.a.zzz',
      '2:25 services.a.x-deploy-code',
      '3:1 x-deploy-code',
    ]);
    expect(placesOf('services: {a: {image: x, mem_limit: 1m, healthcheck: {test: x, retries: -1}}}\n').sort()).toEqual([
      '1:26 services.a.mem_limit',
      '1:64 services.a.healthcheck.retries',
    ]);
  });

  it('says in words what a value must be', () => {
    const text =
      'name: s\ndeployment: {max_parallel: 0, timeout_seconds: 0}\nschedules: {n: {cron: "bad", time_zone: Nope, ' +
      'services: [zz]}}\nservices: {a: {image: x, phase: 0, strategy: bleu, gpus: some, user: [1], command: {a: b}, ' +
      'environment: {A: {b: c}}}, b: {image: x, stop_signal: SIGFOO, cap_drop: [NOSUCHCAP], cap_add: [CAP_NET_RAW]}}\n';
    expect(problems(text).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'deployment.max_parallel: must be at least 1',
      'deployment.timeout_seconds: must be more than 0',
      'services.a.command: must be text, or a list',
      'services.a.user: must be text, or a number',
      'services.a.environment.A: must be text, or a number, or true or false, or empty',
      'services.a.phase: must be more than 0',
      'services.a.strategy: must be one of recreate, rolling, blue_green, or a map with rolling, blue_green, canary',
      'services.a.gpus: must be all, or a list',
      'schedules.n: has the cron expression "bad": write five fields such as 0 3 * * *, or a word such as @daily',
      'schedules.n: has an unknown time_zone "Nope"; write one such as Europe/Berlin or UTC',
      'schedules.n: names zz, but there is no such service; choose from a, b',
      'services.b.cap_drop.0: there is no capability "NOSUCHCAP"; see man 7 capabilities',
      'services.b.stop_signal: there is no signal "SIGFOO"',
    ]);
  });

  it('reports one fault of a Compose file once', () => {
    const faultsOf = (text: string) =>
      problemsIn(() => loadStack({ file: writeStack(text, 'compose.yaml'), shell: {} })).map(
        ({ path, message }) => `${path}: ${message.split(/[;,]/)[0]}`,
      );
    const services =
      '{a: {image: 5}, b: {build: 5}, c: {extends: {file: no.yaml, service: x}}, d: {image: "${IMG}"}, ' +
      'e: {image: x, network_mode: "service:zz"}, f: {image: x, links: [yy]}, g: {image: x, depends_on: [h]}, ' +
      'h: {image: x, depends_on: [g]}, i: {image: x, hostname: "a_b c"}, j: {image: x, deploy: {replicas: -1}}, ' +
      'k: {image: x, expose: [abc]}}';
    expect(faultsOf(`services: ${services}\n`)).toEqual([
      'services.a.image: must be text (put it in quotes)',
      'services.b.build: must be text (put it in quotes)',
      'services.k.expose.0: write a port such as 8080',
      expect.stringMatching(/^services\.c\.extends: .*no\.yaml does not exist$/),
      'services.d.image: is empty',
      'services.e.network_mode: there is no service "zz"',
      'services.f.links.0: there is no service "yy"',
      'services.j.deploy.replicas: must not be negative',
      'services.g.depends_on.h: is part of a cycle: g -> h -> g',
      'services.i.hostname: write a host name: letters',
      'services.d.image: the variable IMG is not set',
    ]);
  });

  it('refuses a fixed address outside the subnets of its network', () => {
    const text =
      'name: s\nnetworks: {n: {cidr: 10.1.0.0/16}, m: {ipam: {config: [{subnet: 10.2.0.0/16}, ' +
      '{subnet: "fd00::/64"}]}}}\n' +
      'services:\n  a: {image: x, networks: {n: {ipv4_address: 10.9.9.9}, m: {ipv6_address: "fd01::1"}}}\n' +
      '  b: {image: x, networks: {n: {ipv4_address: 10.1.9.9}, m: {ipv4_address: 10.2.0.9, ' +
      'ipv6_address: "fd00::9"}}}\n';
    expect(problems(text).map((line) => line.split(',')[0])).toEqual([
      '4:32 services.a.networks.n.ipv4_address: 10.9.9.9 is not in 10.1.0.0/16',
      '4:61 services.a.networks.m.ipv6_address: fd01::1 is not in fd00::/64',
    ]);
  });

  it('checks the rest of a service with a malformed key, without what follows from that key', () => {
    const text =
      'name: S S\nservices:\n  a: {image: "x:1", zzz: 1, depends_on: {q: healthy}, ports: ["70000:1"]}\n' +
      '  b: {image: "X Y", volumes: ["v:/v"]}\n  c: 5\n  d: {image: x, depends_on: {c: healthy}}\n' +
      '  e: {imagee: x}\n  f: {image: x, kind: [job], schedule: "@daily"}\n';
    expect(problems(text).map((line) => line.replace(/: .*/, ''))).toEqual([
      '1:1 name',
      '3:21 services.a.zzz',
      '4:7 services.b.image',
      '5:3 services.c',
      '7:7 services.e.imagee',
      '8:17 services.f.kind',
      '3:63 services.a.ports.0',
      '3:42 services.a.depends_on.q',
      '4:31 services.b.volumes.0',
    ]);
  });

  it('says once what is wrong in an anchor', () => {
    expect(
      problems('name: shop\nx-app: &app {image: "a:${TAG}"}\nservices:\n  a: {<<: *app}\n  b: {<<: *app}\n'),
    ).toHaveLength(1);
  });

  it('refuses --set of a variable that the file does not have, and --image of a service that it does not have', () => {
    expect(
      problems('name: shop\nservices: {a: {image: x}}\n', { variables: { TGA: '1' }, images: { b: 'y' } }),
    ).toEqual([
      '1:1 : --set TGA=…: the file does not use ${TGA}',
      '2:1 services: --image b=…: there is no service "b"',
    ]);
  });

  it('understands the spellings of compose', () => {
    const stack = stackOf(`name: shop
services:
  db:
    image: db:1
    healthcheck: {test: ["CMD-SHELL", "check it"], interval: 1m30s}
    deploy: {replicas: 1, resources: {limits: {cpus: "0.5", memory: 512M}}}
  web:
    image: web:1
    environment: ["A=1", "B=x=y"]
    command: serve --name "two words"
    depends_on: {db: {condition: service_healthy}}
`);
    expect(stack.services.db).toMatchObject({
      healthCheck: { probe: { kind: 'command', command: ['/bin/sh', '-c', 'check it'] }, intervalMs: 90_000 },
      limit: { cpus: 0.5, memory: 512 * 1024 ** 2 },
    });
    expect(stack.services.web).toMatchObject({
      variables: { A: '1', B: 'x=y' },
      command: ['serve', '--name', 'two words'],
      dependsOn: { db: 'healthy' },
    });
  });

  it('gives a listed dependency the strongest condition it can meet', () => {
    const stack = stackOf(
      'name: s\nservices:\n  a: {image: x, depends_on: [b, c, d]}\n  b: {image: x, ' +
        'health_check: {tcp: 1}}\n  c: {image: x}\n  d: {image: x, kind: job}\n',
    );
    expect(stack.services.a!.dependsOn).toEqual({ b: 'healthy', c: 'started', d: 'completed' });
  });
});

describe('a hostile file', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
    .split('')
    .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`)
    .join('\n')}\n`;

  it.each([
    ['a YAML bomb', bomb, 'expand to too many values; use fewer aliases'],
    ['an alias of nothing', 'name: s\nservices: {a: *nope}\n', 'there is no anchor &nope above this'],
    ['an anchor that contains itself', 'name: &a [*a]\n', 'contains itself'],
    ['deep flow nesting', `a: ${'['.repeat(50_000)}`, 'nested more than 100 levels deep'],
    [
      'deep block nesting',
      Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'nested more than 100 levels deep',
    ],
    ['duplicate keys', 'name: a\nname: b\n', 'this key is twice in the same map; keep one of them'],
    ['a binary', 'name: \0\0\0', 'is a binary file'],
    ['no map', '- just\n- a list\n', 'must be a map'],
    ['nothing', '', 'must be a map'],
    ['broken YAML', 'services: {a: [}\n', 'is not valid YAML'],
  ])('gets an error and no crash: %s', (_, text, message) => {
    expect(problems(text).join('\n')).toContain(message);
  });

  it('is said to be broken once, where it breaks', () => {
    expect(
      problems('name: shop\nservices:\n  a: {image: x:${V}, replicas: 2}\n  b:\n    image: y\n    labels: {c: d}\n'),
    ).toEqual(['3:17 : is not valid YAML: a value with ${…} inside {} or [] needs quotes']);
  });

  it('names the key of a config that cannot be read', () => {
    const text =
      'name: shop\nconfigs:\n  c: {file: ./missing.conf}\n  d: {file: ' +
      '/etc}\nservices: {a: {image: x, configs: {c: /c, d: /d}}}\n';
    expect(problems(text)).toEqual([
      expect.stringMatching(/^3:3 configs\.c: \S+missing\.conf does not exist; check the path$/),
      '4:3 configs.d: /etc is a folder; name a file in it',
    ]);
  });

  it('is not read when it has 100 MB', () => {
    const file = writeStack('');
    writeFileSync(file, Buffer.alloc(100 * 1024 * 1024, 'a'));
    expect(() => loadStack({ file })).toThrow('is 100 MiB, more than the limit of 2 MiB');
  });

  it('is named when it does not exist', () => {
    expect(() => loadStack({ file: '/nowhere/deploy-code.yaml' })).toThrow('/nowhere/deploy-code.yaml does not exist');
  });
});

describe('the stack files that come with the project', () => {
  it.each([
    ['quickstart.yaml', 7],
    ['deploy-code.yaml', 60],
    ['deploy-code-test.yaml', 60],
    ['rollouts/rolling.yaml', 2],
    ['rollouts/blue-green.yaml', 2],
    ['rollouts/canary.yaml', 3],
    ['kubernetes/shop.yaml', 4],
  ])('configs/%s is valid', (name, services) => {
    const file = join('configs', name);
    expect(readFileSync(file, 'utf8')).not.toBe('');
    expect(Object.keys(loadStack({ file, shell: {} }).stack.services).length).toBeGreaterThanOrEqual(services);
  });
});
