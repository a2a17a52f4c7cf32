import { isOnCluster } from '../model/stack/runtime-of';
import type { Placement, Stack } from '../model/stack';
import { certificatesOf } from '../model/stack/certificates';
import { toManifests, type Manifest } from '../kubernetes';
import { toClaim } from '../kubernetes/claim';
import type { InstanceSpec } from '../model/instance';
import type { Observation } from '../model/observation';
import type { HostObservation, StackObservation } from './hosts/view';
import { stepsOf } from './plan';
import { planOver } from './planner';

/** A cluster without any object of the stack. */
const nothing: Observation = {
  instances: [],
  networks: [],
  volumes: [],
  images: [],
  portsInUse: [],
  secrets: {},
  capacity: {
    host: '',
    local: false,
    total: { cpus: Infinity, memory: Infinity, gpus: Infinity, storage: Infinity },
    reservedByOthers: {},
  },
};

/**
 * All manifests that a deployment of the whole stack applies to empty clusters; `placement`: the host of each service,
 * if the stack names hosts. Secrets appear by name only.
 */
export function manifestsOf(stack: Stack, deployment: number, placement: Placement = {}): Manifest[] {
  const { plan } = planOver(
    { stack, intent: { kind: 'deploy', force: false }, deployment, release: { to: 1 }, jobs: {} },
    emptyObservation(stack, placement),
  );
  const { name, environment } = stack;
  const claims = plan.preparation.flatMap((step) =>
    step.kind === 'create-volume' ? [toClaim({ ...step.volume, stack: name, environment })] : [],
  );
  const specs = stepsOf(plan.phases).flatMap((step) =>
    step.kind === 'start' || step.kind === 'create-job' ? [step.instance] : [],
  );
  return [...claims, ...specs.flatMap((spec) => toManifests(spec, namesOnly(spec)))];
}

function emptyObservation(stack: Stack, placement: Placement): StackObservation {
  const view: HostObservation = { taskQueue: '', observation: nothing };
  if (!stack.hosts) return { views: [view] };
  const clusters = stack.hosts.filter((host) => isOnCluster(host, stack));
  return { views: clusters.map(({ name }) => ({ ...view, name })), placed: { placement, refusals: [] } };
}

function namesOnly({ secrets, workload }: InstanceSpec): Parameters<typeof toManifests>[1] {
  const content = '(the worker knows it)';
  return {
    variables: Object.fromEntries(
      secrets.flatMap(({ name, target }) => {
        if ('variables' in target) return [[name, content]];
        return 'environment' in target ? [[target.environment, content]] : [];
      }),
    ),
    files: secrets.flatMap(({ target }) => ('path' in target ? [{ ...target, content }] : [])),
    certificates: certificatesOf(workload?.ingress).map(() => ({ certificate: content, key: content })),
  };
}
