import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { dockerStack, layered, wipe } from '../support/docker-world';
import { prepareImages } from '../support/image';
import { deployBare } from './bare-engine';
import { BenchWorker, succeed, withEngine } from './engine';
import { median, ms, ratio, timed, type Figure } from './figure';

const services = 150;
const phases = 5;
const concurrency = 8;
const rounds = 3;

const network = {
  infrastructure: { network: { cidr: '10.213.0.0/16' } },
  networks: { default: { cidr: '10.213.0.0/22' } },
  deployment: { max_parallel: concurrency, timeout_seconds: 600 },
};

/**
 * Cold deployments of 150 services in 5 gated phases, beside the bare engine doing the same, and compose where it is.
 */
export async function docker(): Promise<Figure[]> {
  const missing = await prepareImages();
  if (missing) throw new Error(missing);
  return withEngine(async (client, worker) => {
    const bare: number[] = [];
    const engine: number[] = [];
    const unchanged: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await cold((stack) => deployBare(stack, concurrency)));
      engine.push(
        await cold(
          (stack) => succeed(client, stack),
          async (stack) => void unchanged.push(await timed(() => succeed(client, stack))),
        ),
      );
    }
    const value = median(engine) / median(bare);
    const detail =
      `engine ${engine.map(seconds).join(', ')} s; bare engine ` +
      `${bare.map(seconds).join(', ')} s; medians, interleaved`;
    return [
      {
        name: `docker: ${services} services in ${phases} phases against the bare engine`,
        value: ratio(value),
        unit: 'x',
        bar: 1.07,
        detail,
      },
      {
        name: `docker: nothing changed in ${services} services`,
        value: ms(median(unchanged)),
        unit: 'ms',
        bar: 1000,
        detail: 'request to result, median of three',
      },
      ...(await postgres(bare)),
      ...(await compose(median(engine), median(unchanged))),
      {
        name: 'worker: peak memory after that',
        value: worker.peakMemory(),
        unit: 'MiB',
        detail: 'resident, as a whole process',
      },
    ];
  });
}

const seconds = (value: number) => (value / 1000).toFixed(1);

async function cold(
  deploy: (stack: Stack) => Promise<unknown>,
  afterwards?: (stack: Stack) => Promise<void>,
): Promise<number> {
  const stack = dockerStack(
    layered(services, phases, () => ({
      health_check: { http: ':8080/healthz', interval: '1s', start_period: '120s' },
    })),
    network,
  );
  try {
    const took = await timed(() => deploy(stack));
    await afterwards?.(stack);
    return took;
  } finally {
    await wipe(stack.name);
  }
}

type Stack = ReturnType<typeof dockerStack>;

/** The same on a Temporal with PostgreSQL, where `DEPLOY_CODE_BENCH_POSTGRES=host:port` names one. */
async function postgres(bare: number[]): Promise<Figure[]> {
  const address = process.env.DEPLOY_CODE_BENCH_POSTGRES;
  if (!address) return [];
  const worker = new BenchWorker(address, mkdtempSync(join(tmpdir(), 'deploy-code-bench-')), 19_466);
  const client = await worker.start();
  try {
    const took: number[] = [];
    for (let round = 0; round < rounds; round += 1) took.push(await cold((stack) => succeed(client, stack)));
    return [
      {
        name: 'docker: the same with Temporal on PostgreSQL',
        value: ratio(median(took) / median(bare)),
        unit: 'x',
        bar: 1.25,
        detail: `${took.map(seconds).join(', ')} s`,
      },
    ];
  } finally {
    await client.close();
    await worker.stop();
  }
}

/** `docker compose up` of the same services and health checks, where Compose v2 is. */
async function compose(engineMs: number, unchangedMs: number): Promise<Figure[]> {
  if (spawnSync('docker', ['compose', 'version']).status !== 0) return [];
  const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-compose-')), 'compose.yaml');
  const entries = Object.entries(
    layered(services, phases) as Record<
      string,
      { image: string; depends_on?: Record<string, string>; environment?: object }
    >,
  );
  writeFileSync(
    file,
    stringify({
      name: 'deploycodebench',
      services: Object.fromEntries(
        entries.map(([name, { image, depends_on = {}, environment }]) => [
          name,
          {
            image,
            environment,
            depends_on: Object.fromEntries(
              Object.keys(depends_on).map((dependency) => [dependency, { condition: 'service_healthy' }]),
            ),
            healthcheck: {
              test: ['CMD', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:8080/healthz'],
              interval: '5s',
              start_period: '120s',
            },
          },
        ]),
      ),
      networks: { default: { ipam: { config: [{ subnet: '10.214.0.0/22' }] } } },
    }),
  );
  const run = (...args: string[]) => execFileSync('docker', ['compose', '-f', file, ...args], { stdio: 'ignore' });
  const took = await timed(async () => run('up', '-d', '--wait'));
  const unchanged: number[] = [];
  for (let round = 0; round < rounds; round += 1) unchanged.push(await timed(async () => run('up', '-d')));
  leave(() => run('down', '-t', '1'));
  return [
    {
      name: 'docker: against `docker compose up -d --wait` (5 s interval)',
      value: ratio(engineMs / took),
      unit: 'x',
      bar: 1,
      detail: `compose ${seconds(took)} s`,
    },
    {
      name: 'docker: nothing changed, against `docker compose up -d`',
      value: ratio(unchangedMs / median(unchanged)),
      unit: 'x',
      bar: 1 / 8,
      detail: `compose ${unchanged.map(seconds).join(', ')} s`,
    },
  ];
}

/** Docker 20.10 sometimes keeps a network whose containers are gone; the figures are taken by then. */
function leave(remove: () => unknown): void {
  try {
    remove();
  } catch (error) {
    console.error(`left behind: ${(error as Error).message}`);
  }
}
