import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment, V1Pod, V1Service } from '@kubernetes/client-node';
import { isWorkload, type Manifest, type ManifestOf, type WorkloadManifest } from '../../kubernetes';
import { domain, fieldManager, labelSelector, podSelector, qualified, scopeLabels } from '../../kubernetes/names';
import { inState, type IntendedState } from '../../kubernetes/record';
import { leadingTo } from '../../kubernetes/traffic/selection';
import type { ServedBy } from '../../model/instance';
import { RuntimeError, type Scope } from '../runtime';
import type { KubernetesApi } from './api';
import { isOver } from './live';
import { ownedUid } from './ownership';
import { pathOf, podsIn } from './api/paths';
import { monotonicMs } from '../../guard/monotonic';

/** Time for the kubelet after the grace period, when a pod is killed. */
const stopMarginMs = 60_000;
const pollMs = 200;
const replicasAnnotation = `${domain}/replicas`;

export interface ApplyOptions {
  state: IntendedState;
  /** Takes over fields that others have changed. */
  force: boolean;
  servedBy?: ServedBy;
  /** No object of it exists yet. */
  isNew?: boolean;
  /** Number of pods to keep if the manifests do not set it; default the current number. */
  replicas?: number;
}

/** Applies manifests and deletes objects. */
export class Applier {
  constructor(
    private readonly api: KubernetesApi,
    private readonly scope: Scope,
  ) {}

  /** Applies the workload last, because it needs the other objects. */
  async apply(
    manifests: readonly Manifest[],
    { state, force, servedBy, isNew = false, replicas }: ApplyOptions,
  ): Promise<void> {
    const others = manifests
      .filter((manifest) => !isWorkload(manifest))
      .map((manifest) => leadingTo(manifest, servedBy));
    await Promise.all(others.map((manifest) => this.applyOther(manifest, force, isNew)));
    for (const workload of manifests.filter(isWorkload))
      await this.api.apply(
        pathOf(workload),
        isNew ? inState(workload, state) : await this.sized(workload, state, replicas),
        fieldManager,
        force,
      );
  }

  /** Dry run. @throws ApiError if the cluster would refuse a workload, for example because others own its fields */
  async check(manifests: readonly Manifest[]): Promise<void> {
    for (const workload of manifests.filter(isWorkload))
      await this.api.apply(pathOf(workload), await this.sized(workload, 'running'), fieldManager, false, true);
  }

  /** Deletes objects with the labels of the environment, but not objects created under the same name since. */
  async delete(paths: readonly string[]): Promise<void> {
    await Promise.all(
      paths.map(async (path) => {
        const uid = await ownedUid(this.api, path, this.scope);
        if (uid !== undefined) await this.api.delete(path, { propagationPolicy: 'Background', preconditions: { uid } });
      }),
    );
  }

  /** Waits until no pod of a workload runs any more. */
  async untilNoPods(name: string, stopGraceMs: number): Promise<void> {
    const { namespace } = qualified(name);
    const own = labelSelector({ ...podSelector({ name }), ...scopeLabels(this.scope) });
    for (const deadline = monotonicMs() + stopGraceMs + stopMarginMs; monotonicMs() < deadline; await sleep(pollMs)) {
      const pods = await this.api.list<V1Pod>(podsIn(namespace), { labelSelector: own });
      if (pods.every(isOver)) return;
    }
    throw new RuntimeError('platform', `pods of ${name} do not terminate; check whether their node is available`);
  }

  private async applyOther(manifest: Manifest, force: boolean, isNew: boolean): Promise<void> {
    if (manifest.kind === 'Service' && !isNew) await this.deleteIfHeadlessChanges(manifest);
    await this.api.apply(pathOf(manifest), manifest, fieldManager, force);
  }

  /** Deletes the Service if it changes between headless and cluster IP, which cannot be updated. */
  private async deleteIfHeadlessChanges(manifest: ManifestOf<'Service'>): Promise<void> {
    const live = await this.api.find<V1Service>(pathOf(manifest));
    const isHeadless = (address: string | undefined) => address === 'None';
    if (live && isHeadless(live.spec?.clusterIP) !== isHeadless(manifest.spec?.clusterIP))
      await this.delete([pathOf(manifest)]);
  }

  /** If the stack file does not set the number of pods, keeps the current number, unless an autoscaler manages it. */
  private async sized(workload: WorkloadManifest, state: IntendedState, replicas?: number): Promise<WorkloadManifest> {
    const wanted = inState(workload, state);
    if (workload.kind === 'Job' || workload.spec?.replicas !== undefined || state === 'created') return wanted;
    const live = await this.api.find<V1Deployment>(pathOf(workload));
    const current = replicas || live?.spec?.replicas || Number(live?.metadata?.annotations?.[replicasAnnotation] ?? 1);
    if (state === 'retired')
      return {
        ...wanted,
        metadata: {
          ...wanted.metadata,
          annotations: { ...wanted.metadata.annotations, [replicasAnnotation]: String(current) },
        },
      };
    return live && ownsReplicas(live)
      ? ({ ...wanted, spec: { ...(wanted.spec as object), replicas: current } } as WorkloadManifest)
      : wanted;
  }
}

function ownsReplicas({ metadata }: V1Deployment): boolean {
  return (
    metadata?.managedFields?.some(
      ({ manager, fieldsV1 }) =>
        manager === fieldManager &&
        (fieldsV1 as { 'f:spec'?: object } | undefined)?.['f:spec'] !== undefined &&
        'f:replicas' in (fieldsV1 as { 'f:spec': object })['f:spec'],
    ) ?? false
  );
}
