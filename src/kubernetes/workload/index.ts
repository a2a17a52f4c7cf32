import type { V1DeploymentStrategy } from '@kubernetes/client-node';
import type { InstanceSpec, Workload } from '../../model/instance';
import type { Contents } from './contents';
import type { WorkloadManifest } from '../manifest';
import { objectLabels, podSelector, qualified } from '../names';
import { toPodTemplate } from './pod';
import { hasAddress } from '../traffic/reach';
import { toAnnotations } from '../record';
import { holdsData } from './volumes';

/** Old ReplicaSets of a Deployment to keep. The engine does not use them. */
const revisionHistoryLimit = 2;

/** A Job, a StatefulSet for a service that holds data, or a Deployment. */
export function toWorkload(spec: InstanceSpec, contents: Contents): WorkloadManifest {
  const { namespace, name } = qualified(spec.name);
  const metadata = { name, namespace, labels: objectLabels(spec), annotations: toAnnotations(spec) };
  const template = toPodTemplate(spec, contents);
  if (spec.kind === 'job')
    return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { backoffLimit: 0, suspend: false, template } };
  const replicas = spec.workload ? spec.workload.replicas : 1;
  const common = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: podSelector(spec) },
    template,
    revisionHistoryLimit,
    minReadySeconds: minReadySeconds(spec),
  };
  if (holdsData(spec))
    return {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata,
      spec: {
        ...common,
        serviceName: name,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
      },
    };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { ...common, strategy: toStrategy(spec.workload) },
  };
}

function toStrategy(workload: Workload | undefined): V1DeploymentStrategy {
  const { rollout = 'recreate' } = workload ?? {};
  if (rollout === 'recreate') return { type: 'Recreate' };
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable },
  };
}

/**
 * Seconds until all nodes accept connections to a ready pod, for dependents inside the cluster and on other hosts.
 * Outside it is longer, because containers there start sooner than pods.
 */
const propagationSeconds = { inside: 1, outside: 2 };

/** Time in seconds that pods have to be ready before they count as available. */
function minReadySeconds(spec: InstanceSpec): number {
  const { awaited, rollout } = spec.workload ?? {};
  const observed = typeof rollout === 'object' ? Math.ceil(rollout.minHealthyMs / 1000) : 0;
  return Math.max(observed, awaited && hasAddress(spec) ? propagationSeconds[awaited] : 0);
}
