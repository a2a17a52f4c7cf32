import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { balancerOf } from '../../src/activities/traffic/balancer';
import { drain } from '../../src/activities/traffic/drain';
import { startUntilHealthy } from '../../src/activities/health/await-healthy';
import { SecretStore } from '../../src/activities/secrets';
import type { Stack } from '../../src/config';
import { balancerName } from '../../src/model/traffic';
import { servicesOf, type Lane, type Plan, type Retirement, type Stage, type Step } from '../../src/plan/plan';
import { makePlan } from '../../src/plan/planner';
import { createDockerRuntime } from '../../src/runtimes/docker';
import type { Runtime } from '../../src/runtimes/runtime';

const driver = createDockerRuntime(new SecretStore(mkdtempSync(join(tmpdir(), 'deploy-code-bare-'))));

/** The same plan by the same driver, probes and phases, with nothing durable about it. */
export async function deployBare(stack: Stack, concurrency: number): Promise<void> {
  const runtime = driver.within({ stack: stack.name, environment: stack.environment });
  const images = await runtime.images!.find([...new Set(Object.values(stack.services).map(({ image }) => image!))]);
  const { instances, ...observed } = await runtime.observe({ images: [], ports: [] });
  const balancer = instances.find(({ service }) => service === balancerName);
  const traffic = balancer && (await balancerOf(runtime, balancer.name).read());
  const deployment = Math.max(0, ...instances.map((instance) => instance.deployment)) + 1;
  const { plan } = makePlan({
    stack,
    observation: { ...observed, instances, images, secrets: {}, traffic },
    intent: { kind: 'deploy', force: false },
    deployment,
    release: { to: deployment },
    jobs: {},
    taskQueue: '',
  });
  for (const step of plan.preparation) await perform(step, plan);
  for (const { services } of plan.phases)
    await inStages(
      services.map(({ stages }) => stages),
      plan,
      concurrency,
    );
  await inStages(
    servicesOf(plan.phases).map(({ tail }) => tail),
    plan,
    concurrency,
  );
  await side(
    plan.cleanup.map((step) => [step]),
    plan,
    concurrency,
  );
}

/** The first stages of all services, then the second ones; good enough where one service has several. */
async function inStages(services: Stage[][], plan: Plan, concurrency: number): Promise<void> {
  const longest = Math.max(0, ...services.map(({ length }) => length));
  for (let index = 0; index < longest; index += 1)
    await side(
      services.flatMap((stages) => stages[index] ?? []),
      plan,
      concurrency,
    );
}

async function side(lanes: Lane[], plan: Plan, concurrency: number): Promise<void> {
  const work = async () => {
    for (let lane = lanes.shift(); lane; lane = lanes.shift()) for (const step of lane) await perform(step, plan);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

async function perform(step: Step, { stack, environment }: Plan): Promise<void> {
  const runtime = driver.within({ stack, environment });
  switch (step.kind) {
    case 'create-network':
      return runtime.networks!.create(step.network);
    case 'start': {
      const unhealthy = await startUntilHealthy(runtime, step.instance, {
        afterTrouble: false,
        usedMs: 0,
        signal: new AbortController().signal,
        onProbe: () => undefined,
        onStart: () => undefined,
      });
      if (unhealthy) throw new Error(unhealthy.message);
      return undefined;
    }
    case 'attach':
      return runtime.networks!.attach(step.instance.name, step.networks);
    case 'route':
      return balancerOf(runtime, step.balancer.name).route(step.tables);
    case 'drain':
      await drain(balancerOf(runtime, step.balancer.name), step.addresses, step);
      return undefined;
    case 'hold':
      return sleep(step.durationMs);
    case 'retire':
      return retire(runtime, step);
    case 'retire-together':
      return void (await Promise.all(step.retirements.map((each) => retire(runtime, each))));
    case 'remove':
      return runtime.remove(step.instance);
    default:
      throw new Error(`the bare engine does not know ${step.kind}`);
  }
}

async function retire(runtime: Runtime, { instance, drain: open }: Retirement): Promise<void> {
  if (open) await drain(balancerOf(runtime, open.balancer.name), open.addresses, open);
  await runtime.retire(instance);
}
