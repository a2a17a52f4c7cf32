import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { loadStack, StackFileError, type Stack } from '../../src/config';
import { changes, mutate } from '../support/mutations';
import { emptyObservation, plan } from '../support/observation';
import { writeStack } from '../support/stack';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 10_000 : 250;

/** One of each kind of key. */
const everything = `
name: shop
environment: production
infrastructure: {container_runtime: Docker, network: {mode: Bridge, cidr: 172.20.0.0/16}, port_range: 20000-29999}
deployment:
  {strategy: Parallel, max_parallel: 4, timeout_seconds: 300, watch_window: 5m,
   freeze_windows: [{from: "fri 18:00", to: "mon 08:00", time_zone: Europe/Berlin}]}
watch: {interval: 10s, on_drift: repair}
secrets: {password: {file: /etc/shop/password}}
volumes: {data: {name: shop_data, external: true}}
configs: {prom: {content: "global: {}"}}
networks: {front: {cidr: 172.21.0.0/24}, back: {internal: true}}
schedules: {nightly: {cron: "0 3 * * *", services: [api]}}
x-app: &app
  {image: "acme/api:1", environment: {PGHOST: db, PORT: 8080}, secrets: [password],
   resources: {reserve: {cpus: 0.5, memory: 1G}, limit: {memory: 4G}}}
services:
  db:
    {image: "postgres:15", volumes: ["data:/var/lib/postgresql/data"], stop_grace_period: 60s, networks: [back],
     health_check: {command: [pg_isready], interval: 2s, retries: 3}}
  migrate:
    {<<: *app, kind: job, depends_on: {db: healthy}, run: on_change, timeout: 20m, on_rollback: keep, networks: [back]}
  api:
    {<<: *app, replicas: 3, depends_on: {migrate: completed}, health_check: {http: ":8080/healthz", start_period: 10s},
     networks: {back: {aliases: [backend]}, front: }, strategy: {rolling: {max_surge: 25%}}}
  web:
    {image: "acme/web:1", ports: ["80:8080", "8000-8010:9000", {target: 443, published: 8443, protocol: tcp}],
     configs: {prom: /etc/prom.yml}, depends_on: [api], labels: {a: b}, networks: [front], hooks: {pre_stop: "sleep 1"},
     on_failure: continue, tmpfs: /tmp, extra_hosts: ["a:1.2.3.4"],
     logging: {driver: json-file, options: {max-size: 1m}}}
`;

const texts = [
  everything,
  ...['quickstart.yaml', 'rollouts/canary.yaml', 'rollouts/blue-green.yaml'].map((file) =>
    readFileSync(`configs/${file}`, 'utf8'),
  ),
];

/** A stack that is accepted, or every reason why not; never anything else. */
function load(text: string): Stack | undefined {
  try {
    return loadStack({ file: writeStack(text), shell: {}, variables: {} }).stack;
  } catch (error) {
    expect(error).toBeInstanceOf(StackFileError);
    const { problems } = error as StackFileError;
    expect(problems.length).toBeGreaterThan(0);
    for (const { message, line } of problems)
      expect({ message: message.length > 0, line: line === undefined || line > 0 }).toEqual({
        message: true,
        line: true,
      });
    return undefined;
  }
}

/** Whatever is accepted can be honoured: numbers are numbers, durations pass, ports exist, and there is a plan. */
function mustBeHonourable(stack: Stack): void {
  const bad: string[] = [];
  const whole = (what: string, value: number | undefined, from: number, to: number) =>
    value !== undefined && !(Number.isInteger(value) && value >= from && value <= to) && bad.push(`${what} ${value}`);
  const time = (what: string, value: number | undefined) =>
    value !== undefined && !(Number.isFinite(value) && value >= 0) && bad.push(`${what} ${value}`);
  whole('max_parallel', stack.deployment.maxParallel, 1, 100);
  time('timeout', stack.deployment.timeoutMs);
  time('platform_timeout', stack.deployment.platformTimeoutMs);
  time('watch', stack.watch?.everyMs);
  for (const { name, replicas, ports, healthCheck, stopGraceMs, reserve, limit } of Object.values(stack.services)) {
    whole(`${name} replicas`, replicas, 0, 100_000);
    time(`${name} stop_grace_period`, stopGraceMs);
    for (const { container, published } of ports) {
      whole(`${name} port`, container, 1, 65_535);
      whole(`${name} host port`, published?.from, 1, 65_535);
      whole(`${name} host port`, published?.to, published?.from ?? 1, 65_535);
    }
    if (healthCheck)
      for (const each of [healthCheck.intervalMs, healthCheck.timeoutMs, healthCheck.startPeriodMs])
        time(`${name} health_check`, each);
    for (const amount of [...Object.values(reserve), ...Object.values(limit)] as number[])
      time(`${name} resources`, amount);
  }
  expect(bad).toEqual([]);
  plan(stack, emptyObservation(stack));
}

describe(`a stack file that something has happened to (${2 * cases} cases)`, () => {
  it('in its values: is refused with its problems, or means what can be honoured', () => {
    const files = texts.map((text) => parse(text, { merge: true }) as unknown);
    fc.assert(
      fc.property(fc.nat({ max: files.length - 1 }), changes, (file, all) => {
        const stack = load(
          stringify(all.reduce((data, { turns, ...change }) => mutate(data, turns, change), files[file])),
        );
        if (stack) mustBeHonourable(stack);
      }),
      { numRuns: cases },
    );
  });

  it('in its text: is refused with its problems, or means what can be honoured', () => {
    const cuts = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        take: fc.nat({ max: 30 }),
        put: fc.oneof(
          fc.string({ maxLength: 6 }),
          fc.constantFrom('\n', '\t', ': ', '- ', '{', '[', '"', '#', '&x ', '*x', '<<: *x\n', '---\n', '\u0000', '${'),
        ),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), cuts, (text, all) => {
        const stack = load(
          all.reduce(
            (whole, { at, take, put }) =>
              whole.slice(0, Math.floor(at * whole.length)) + put + whole.slice(Math.floor(at * whole.length) + take),
            text,
          ),
        );
        if (stack) mustBeHonourable(stack);
      }),
      { numRuns: cases },
    );
  });
});
