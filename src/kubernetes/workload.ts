import type { V1DeploymentStrategy } from '@kubernetes/client-node';
import type { InstanceSpec, Workload } from '../model/instance';
import type { Contents } from './contents';
import type { WorkloadManifest } from './manifest';
import { objectLabels, podSelector, qualified } from './names';
import { toPodTemplate } from './pod';
import { toAnnotations } from './record';

/** Replica sets that are kept of a Deployment: its own history is no concern of the engine's. */
const revisionHistoryLimit = 2;

/** A job, a service that holds data, or one that does not. */
export function toWorkload(spec: InstanceSpec, contents: Contents): WorkloadManifest {
  const { namespace, name } = qualified(spec.name);
  const metadata = { name, namespace, labels: objectLabels(spec), annotations: toAnnotations(spec) };
  const template = toPodTemplate(spec, contents);
  if (spec.kind === 'job') return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { backoffLimit: 0, suspend: false, template } };
  const replicas = spec.workload ? spec.workload.replicas : 1;
  const common = { ...(replicas !== undefined && { replicas }), selector: { matchLabels: podSelector(spec) }, template, revisionHistoryLimit, minReadySeconds: minReadySeconds(spec.workload) };
  if (holdsData(spec)) return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { ...common, serviceName: name, podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate' } } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { ...common, strategy: toStrategy(spec.workload) } };
}

/** It writes to a volume: never two of it at once. */
export function holdsData({ mounts }: Pick<InstanceSpec, 'mounts'>): boolean {
  return mounts.some((mount) => mount.type === 'volume' && !mount.readOnly);
}

function toStrategy(workload: Workload | undefined): V1DeploymentStrategy {
  const { rollout = 'recreate' } = workload ?? {};
  if (rollout === 'recreate') return { type: 'Recreate' };
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable } };
}

function minReadySeconds(workload: Workload | undefined): number {
  return typeof workload?.rollout === 'object' ? Math.ceil(workload.rollout.minHealthyMs / 1000) : 0;
}
