import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startUntilHealthy } from '../../src/activities/health/await-healthy';
import { SecretStore } from '../../src/activities/secrets';
import type { Stack } from '../../src/config';
import type { Plan, Step } from '../../src/plan/plan';
import { makePlan } from '../../src/plan/planner';
import { createDockerRuntime } from '../../src/runtimes/docker';

const runtime = createDockerRuntime(new SecretStore(mkdtempSync(join(tmpdir(), 'deploy-code-bare-'))));

/** The same plan by the same driver, probes and phases, with nothing durable about it. */
export async function deployBare(stack: Stack, concurrency: number): Promise<void> {
  const images = await runtime.findImages([...new Set(Object.values(stack.services).map(({ image }) => image!))]);
  const observation = { ...(await runtime.observe({ stack: stack.name, environment: stack.environment }, { images: [], ports: [] })), images, secrets: {} };
  const { plan } = makePlan({ stack, observation, intent: { kind: 'deploy', force: false }, deployment: 1, release: { to: 1 }, jobs: {}, taskQueue: '' });
  for (const step of plan.preparation) await perform(step, plan);
  for (const { services } of plan.phases) {
    const lanes = services.flatMap(({ stages }) => stages.flat());
    const work = async () => {
      for (let lane = lanes.shift(); lane; lane = lanes.shift()) for (const step of lane) await perform(step, plan);
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  }
}

async function perform(step: Step, { stack, environment }: Plan): Promise<void> {
  if (step.kind === 'create-network') return runtime.createNetwork({ ...step.network, stack, environment });
  if (step.kind === 'start') {
    const unhealthy = await startUntilHealthy(runtime, step.instance, { afterTrouble: false, usedMs: 0, signal: new AbortController().signal, onProbe: () => undefined, onStart: () => undefined });
    if (unhealthy) throw new Error(unhealthy.message);
  }
}
