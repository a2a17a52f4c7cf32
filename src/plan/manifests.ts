import type { Stack } from '../config/stack';
import { toManifests, type Manifest } from '../kubernetes';
import { toClaim } from '../kubernetes/claim';
import type { InstanceSpec } from '../model/instance';
import type { Observation } from '../model/observation';
import { stepsOf } from './plan';
import { makePlan } from './planner';

/** A cluster on which nothing of the stack is yet. */
const nothing: Observation = {
  instances: [], networks: [], volumes: [], images: [], portsInUse: [], secrets: {},
  capacity: { host: '', local: false, total: { cpus: Infinity, memory: Infinity, gpus: Infinity, storage: Infinity }, reservedByOthers: {} },
};

/** Everything that a deployment of the whole stack applies to an empty cluster. Of what is secret there are the names only. */
export function manifestsOf(stack: Stack, deployment: number): Manifest[] {
  const { plan } = makePlan({ stack, observation: nothing, intent: { kind: 'deploy', force: false }, deployment, release: { to: 1 }, jobs: {}, taskQueue: '' });
  const { name, environment } = stack;
  const claims = plan.preparation.flatMap((step) => (step.kind === 'create-volume' ? [toClaim({ ...step.volume, stack: name, environment })] : []));
  const specs = stepsOf(plan.phases).flatMap((step) => (step.kind === 'start' || step.kind === 'create-job' ? [step.instance] : []));
  return [...claims, ...specs.flatMap((spec) => toManifests(spec, namesOnly(spec)))];
}

function namesOnly({ secrets }: InstanceSpec): Parameters<typeof toManifests>[1] {
  const content = '(the worker knows it)';
  return {
    variables: Object.fromEntries(secrets.flatMap(({ target }) => ('environment' in target ? [[target.environment, content]] : []))),
    files: secrets.flatMap(({ target }) => ('path' in target ? [{ ...target, content }] : [])),
  };
}
