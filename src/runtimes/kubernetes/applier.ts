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

/** Beyond its grace period a pod is killed; the rest is the kubelet's own pace. */
const stopMarginMs = 60_000;
const lookMs = 200;
const notedReplicas = `${domain}/replicas`;

export interface ApplyOptions {
  state: IntendedState;
  /** Takes over what others have changed. */
  force: boolean;
  servedBy?: ServedBy;
  /** None of it is there yet. */
  isNew?: boolean;
  /** Pods there were before, where manifests do not say how many; default as many as there are. */
  replicas?: number;
}

/** Brings manifests to the cluster, and takes objects away. */
export class Applier {
  constructor(
    private readonly api: KubernetesApi,
    private readonly scope: Scope,
  ) {}

  /** The workload last: it needs the others. */
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

  /** @throws ApiError where the cluster would not take a workload, say for what others own of it; nothing is changed */
  async check(manifests: readonly Manifest[]): Promise<void> {
    for (const workload of manifests.filter(isWorkload))
      await this.api.apply(pathOf(workload), await this.sized(workload, 'running'), fieldManager, false, true);
  }

  /** Deletes the very objects that carry the labels of the environment, and no successor of theirs. */
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
    for (const deadline = monotonicMs() + stopGraceMs + stopMarginMs; monotonicMs() < deadline; await sleep(lookMs)) {
      const pods = await this.api.list<V1Pod>(podsIn(namespace), { labelSelector: own });
      if (pods.every(isOver)) return;
    }
    throw new RuntimeError('platform', `pods of ${name} do not go: is their node away?`);
  }

  private async applyOther(manifest: Manifest, force: boolean, isNew: boolean): Promise<void> {
    if (manifest.kind === 'Service' && !isNew) await this.makeWay(manifest);
    await this.api.apply(pathOf(manifest), manifest, fieldManager, force);
  }

  /** Whether a Service has an address of its own cannot change while it is there. */
  private async makeWay(manifest: ManifestOf<'Service'>): Promise<void> {
    const live = await this.api.find<V1Service>(pathOf(manifest));
    const isHeadless = (address: string | undefined) => address === 'None';
    if (live && isHeadless(live.spec?.clusterIP) !== isHeadless(manifest.spec?.clusterIP))
      await this.delete([pathOf(manifest)]);
  }

  /**
   * Where the file does not say how many pods there are, there stay as many as there were, unless others see to that.
   */
  private async sized(workload: WorkloadManifest, state: IntendedState, replicas?: number): Promise<WorkloadManifest> {
    const wanted = inState(workload, state);
    if (workload.kind === 'Job' || workload.spec?.replicas !== undefined || state === 'created') return wanted;
    const live = await this.api.find<V1Deployment>(pathOf(workload));
    const before = replicas || live?.spec?.replicas || Number(live?.metadata?.annotations?.[notedReplicas] ?? 1);
    if (state === 'retired')
      return {
        ...wanted,
        metadata: {
          ...wanted.metadata,
          annotations: { ...wanted.metadata.annotations, [notedReplicas]: String(before) },
        },
      };
    return live && isOwnNumber(live)
      ? ({ ...wanted, spec: { ...(wanted.spec as object), replicas: before } } as WorkloadManifest)
      : wanted;
  }
}

function isOwnNumber({ metadata }: V1Deployment): boolean {
  return (
    metadata?.managedFields?.some(
      ({ manager, fieldsV1 }) =>
        manager === fieldManager &&
        (fieldsV1 as { 'f:spec'?: object } | undefined)?.['f:spec'] !== undefined &&
        'f:replicas' in (fieldsV1 as { 'f:spec': object })['f:spec'],
    ) ?? false
  );
}
