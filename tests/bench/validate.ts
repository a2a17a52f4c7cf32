import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { makePlan } from '../../src/plan/planner';
import { emptyObservation } from '../support/observation';
import { stackOf, writeStack } from '../support/stack';
import { median, ms, ratio, timed, type Figure } from './figure';

const services = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `s${index}`,
      {
        image: `registry.example/team/s${index}:1.0.0`,
        environment: { A: 'one', B: 'two' },
        ports: ['8080'],
        health_check: { http: ':8080/healthz', interval: '5s' },
        resources: { limit: { memory: '128M' } },
        ...(index > 10 && { depends_on: { [`s${index - 10}`]: 'healthy' } }),
      },
    ]),
  );

/** What a person waits for at the keyboard. */
export async function validate(): Promise<Figure[]> {
  const file = writeStack({ name: 'bench', services: services(157) });
  const program = resolve('bin/deploy-code');
  const commands = { node: ['-e', '0'], version: [program, '--version'], validate: [program, 'validate', '-c', file] };
  const took = { node: [] as number[], version: [] as number[], validate: [] as number[] };
  for (let round = 0; round < 7; round += 1)
    for (const name of ['node', 'version', 'validate'] as const) took[name].push(processorTimeMs(commands[name]));
  const node = median(took.node);
  const detail = (name: 'version' | 'validate') =>
    `processor time: ${ms(median(took[name]))} ms, ${ms(node)} ms for \`node -e 0\`, medians of seven`;
  return [
    { name: '--version', value: ratio(median(took.version) / node), unit: 'x', bar: 3, detail: detail('version') },
    {
      name: 'validate: 157 services',
      value: ratio(median(took.validate) / node),
      unit: 'x',
      bar: 6,
      detail: detail('validate'),
    },
    ...(await plan()),
  ];
}

/** Processor time of a run of Node, in ms. */
function processorTimeMs(args: string[]): number {
  const { status, output } = spawnSync(process.execPath, ['-r', resolve('tests/bench/processor-time.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return Number(output[3]) / 1000;
}

async function plan(): Promise<Figure[]> {
  const stack = stackOf({ name: 'bench', services: services(1000) });
  const observation = emptyObservation(stack);
  const took: number[] = [];
  for (let round = 0; round < 7; round += 1)
    took.push(
      await timed(async () =>
        makePlan({
          stack,
          observation,
          intent: { kind: 'deploy', force: false },
          deployment: 1,
          release: { to: 1 },
          jobs: {},
          taskQueue: 'q',
        }),
      ),
    );
  return [
    {
      name: 'plan: 1,000 services',
      value: ms(median(took)),
      unit: 'ms',
      bar: 100,
      detail: 'in process, median of seven',
    },
  ];
}
