import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { makePlan } from '../../src/plan/planner';
import { emptyObservation } from '../support/observation';
import { stackOf, writeStack } from '../support/stack';
import { median, ms, timed, type Figure } from './figure';

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
  const took: number[] = [];
  for (let round = 0; round < 7; round += 1)
    took.push(
      await timed(async () =>
        execFileSync(process.execPath, [resolve('bin/deploy-code'), 'validate', '-c', file], { stdio: 'ignore' }),
      ),
    );
  return [
    {
      name: 'validate: 157 services',
      value: ms(median(took)),
      unit: 'ms',
      bar: 400,
      detail: 'as a whole process, median of seven',
    },
    ...(await plan()),
  ];
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
