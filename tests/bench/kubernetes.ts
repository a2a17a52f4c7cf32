import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Stack } from '../../src/client';
import { assignPhases } from '../../src/plan/phases';
import { manifestsOf } from '../../src/plan/manifests';
import { clusterStack, layered, namespaceOf } from '../support/cluster-world';
import { loadImages } from '../support/cluster';
import { images } from '../support/image';
import { succeed, withEngine } from './engine';
import { median, ms, ratio, timed, type Figure } from './figure';

const services = 40;
const phases = 4;
const rounds = 3;
const deadline = '--timeout=300s';

const run = promisify(execFile);

/**
 * 40 services in 4 gated phases beside `kubectl apply` and `kubectl rollout status` phase by phase, on the cluster that
 * `KUBECONFIG` names.
 */
export async function kubernetes(): Promise<Figure[]> {
  if (!process.env.KUBECONFIG) {
    console.error('kubernetes is skipped: KUBECONFIG names no cluster');
    return [];
  }
  await requireImage(images.app);
  return withEngine(async (client) => {
    const baseline: number[] = [];
    const engine: number[] = [];
    const unchanged: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      baseline.push(await cold(byKubectl));
      engine.push(
        await cold(
          (stack) => succeed(client, stack),
          async (stack) => void unchanged.push(await timed(() => succeed(client, stack))),
        ),
      );
    }
    const detail =
      `engine ${engine.map(seconds).join(', ')} s; kubectl ` +
      `${baseline.map(seconds).join(', ')} s; medians, interleaved`;
    return [
      {
        name: `kubernetes: ${services} services in ${phases} phases against kubectl`,
        value: ratio(median(engine) / median(baseline)),
        unit: 'x',
        bar: 1,
        detail,
      },
      {
        name: `kubernetes: nothing changed in ${services} services`,
        value: ms(median(unchanged)),
        unit: 'ms',
        bar: 1000,
        detail: 'request to result, median of three',
      },
    ];
  });
}

/** @throws Error with what is missing: without the image every pod would wait for it */
async function requireImage(image: string): Promise<void> {
  loadImages([image]);
  const name = `bench-image-${process.pid}`;
  const pod = ['--image', image, '--image-pull-policy=IfNotPresent', '--restart=Never', '--command', '--', 'true'];
  try {
    await run('kubectl', ['run', name, ...pod]);
    await run('kubectl', ['wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s']);
  } catch {
    throw new Error(
      `no pod of ${image} gets to run within 60 s: bring the image to the nodes, ` +
        'or name a command that does with DEPLOY_CODE_TEST_KUBERNETES_LOAD',
    );
  } finally {
    await run('kubectl', ['delete', 'pod', name, '--ignore-not-found', '--grace-period=0', '--wait=false']);
  }
}

const seconds = (value: number) => (value / 1000).toFixed(1);

async function cold(
  deploy: (stack: Stack) => Promise<unknown>,
  afterwards?: (stack: Stack) => Promise<void>,
): Promise<number> {
  const stack = clusterStack(
    layered(services, phases, () => ({
      health_check: { http: ':8080/healthz', interval: '1s', start_period: '120s' },
    })),
    { deployment: { max_parallel: services, timeout_seconds: 600 } },
  );
  try {
    const took = await timed(() => deploy(stack));
    await afterwards?.(stack);
    return took;
  } finally {
    execFileSync('kubectl', ['delete', 'namespace', namespaceOf(stack), '--grace-period=0', '--wait=true'], {
      stdio: 'ignore',
    });
  }
}

/** The same manifests: each phase is applied in one go, and its rollouts are waited for side by side. */
async function byKubectl(stack: Stack): Promise<void> {
  const namespace = namespaceOf(stack);
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-kubectl-'));
  const { of } = assignPhases(stack.services);
  const manifests = manifestsOf(stack, 1);
  await run('kubectl', ['create', 'namespace', namespace]);
  for (let phase = 1; phase <= phases; phase += 1) {
    const own = manifests.filter(({ metadata }) => of[metadata.labels['app.kubernetes.io/name']!] === phase);
    const file = join(folder, `${phase}.yaml`);
    writeFileSync(file, own.map((manifest) => stringify(JSON.parse(JSON.stringify(manifest)))).join('---\n'));
    await run('kubectl', ['apply', '--server-side', '-f', file]);
    await run('kubectl', [
      'rollout',
      'status',
      ...own.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => `deployment/${metadata.name}`),
      '-n',
      namespace,
      deadline,
    ]);
  }
}
