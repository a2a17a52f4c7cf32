import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { certificatesOf } from '../../model/stack/certificates';
import { isWorkload, toManifests, type Manifest, type Values, type WorkloadManifest } from '../../kubernetes';
import { besideName, qualified } from '../../kubernetes/names';
import type { IntendedState } from '../../kubernetes/record';
import type { InstanceRef, InstanceSpec, ServedBy } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { monotonicMs } from '../../guard/monotonic';
import { RuntimeError, type Scope, type SecretReader } from '../runtime';
import { mustBeWithin } from '../scope';
import type { KubernetesApi } from './api';
import { Applier } from './applier';
import { refuseForeignClaims } from './claims';
import type { Applied, Entry, Noted } from './ledger/entry';
import { Ledger } from './ledger';
import { find, readLive, stateOf, statusOf, type Live, type LiveWorkload } from './live';
import { ensureNamespace } from './namespaces';
import { refuseForeign, refuseOther, refuseStrangers } from './ownership';
import { pathOf } from './api/paths';
import { readRecord } from './ledger/record';
import { isReady } from './readiness/verdict';

type StopRef = Pick<InstanceRef, 'name' | 'stopGraceMs'>;

const deletedWithinMs = 60_000;
const pollMs = 200;
/**
 * A Gateway learns of a deleted Service and of a changed share in different ways. The changed share has to arrive
 * first.
 */
const gatewayDelayMs = 2000;

/** Lifecycle of workloads. Manifests are recorded before they are applied, so that they can be applied again. */
export class Workloads {
  private readonly ledger: Ledger;
  private readonly applier: Applier;

  constructor(
    private readonly api: KubernetesApi,
    private readonly secrets: SecretReader,
    private readonly scope: Scope,
  ) {
    this.ledger = new Ledger(api, scope);
    this.applier = new Applier(api, scope);
  }

  /** Creates a workload without pods. */
  async create(spec: InstanceSpec): Promise<void> {
    mustBeWithin(this.scope, spec);
    const known = await this.ledger.readAnybodys(spec.name);
    refuseOther(known, spec);
    const found = await find(this.api, this.scope, spec.name);
    if (found && found.record.hash !== spec.hash)
      throw new RuntimeError(
        'software',
        `a ${found.kind} named ${spec.name} exists with another spec; remove it, or choose another name`,
      );
    if (found) return;
    const manifests = await this.manifestsOf(spec);
    await this.refuseOthers(manifests);
    await this.ledger.write(spec.name, { current: { deployment: spec.deployment, manifests, at: Date.now() } }, known);
    await this.applier.apply(manifests, { state: 'created', force: false });
  }

  /**
   * Applies a spec to a service, and records what it replaces. Objects that are no longer needed are deleted, except
   * those that a rollback needs.
   */
  async apply(spec: InstanceSpec, force: boolean): Promise<void> {
    const { name, deployment, stopGraceMs } = spec;
    mustBeWithin(this.scope, spec);
    const known = await this.ledger.readAnybodys(name);
    refuseOther(known, spec);
    const live = known && (await this.liveOf(known));
    const before = known && predecessor(known, deployment, live);
    const manifests = await this.manifestsOf(
      before && spec.workload ? { ...spec, workload: { ...spec.workload, replaces: before.deployment } } : spec,
    );
    const isNew = !(await this.refuseOthers(manifests)) && known === undefined;
    if (known && !force) await this.applier.check(manifests);
    const at = known?.current.deployment === deployment ? known.current.at : Date.now();
    const servedBy = known?.servedBy;
    const entry: Entry = {
      current: { deployment, manifests, at },
      before,
      servedBy,
      stale: staleOf(known, [...paths(manifests), ...paths(before?.manifests ?? []).filter(isContent)]),
    };
    await refuseStrangers(this.api, entry.stale!, this.scope);
    await this.ledger.write(name, entry, known);
    await this.clear(name, entry.stale!, stopGraceMs, () =>
      this.applier.apply(manifests, { state: 'running', force, servedBy, isNew }),
    );
  }

  /** Restores a service to its state before a deployment; does nothing if the deployment did not change it. */
  async restore({ name, stopGraceMs }: StopRef, deployment: number): Promise<void> {
    const entry = await this.ledger.read(name);
    if (entry?.current.deployment !== deployment || !entry.before) return;
    const { servedBy } = entry;
    const restored: Applied = { ...entry.before, at: Date.now() };
    const stale = staleOf(entry, paths(restored.manifests));
    await refuseStrangers(this.api, [...paths(restored.manifests), ...stale], this.scope);
    await refuseForeignClaims(this.api, this.scope, restored.manifests);
    await this.clear(name, stale, stopGraceMs, () =>
      this.applier.apply(restored.manifests, { state: 'running', force: true, servedBy, replicas: restored.replicas }),
    );
    await this.ledger.write(name, { current: restored, servedBy }, entry);
  }

  /**
   * Sends the requests of a service to another workload, or to its own if none is given. The change is recorded before
   * it takes effect, and cleared only after it is undone.
   */
  async select(name: string, servedBy: ServedBy | undefined): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) throw new RuntimeError('missing', `there is no workload ${name}`);
    const reached = entry.current.manifests.filter(({ kind }) => kind === 'Service' || kind === 'HTTPRoute');
    await refuseStrangers(this.api, paths(reached), this.scope);
    const note = () => this.ledger.write(name, { ...entry, servedBy }, entry);
    if (servedBy !== undefined) await note();
    await this.applier.apply(reached, { state: 'running', force: true, servedBy });
    if (servedBy === undefined) await note();
  }

  /** Starts a workload. A finished job is deleted and created again. */
  async start(name: string): Promise<void> {
    const live = await find(this.api, this.scope, name);
    if (live?.kind === 'Job' && stateOf(live).state === 'exited') await this.deleteJob(live);
    await this.setState(name, 'running');
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const live = await find(this.api, this.scope, name);
    return live && statusOf(live);
  }

  async isReady(name: string): Promise<boolean> {
    const live = await find(this.api, this.scope, name);
    return live !== undefined && isReady(live);
  }

  /** Resolves when its pods have terminated. */
  async retire({ name, stopGraceMs }: StopRef): Promise<void> {
    if (!(await this.ledger.read(name))) return;
    await this.setState(name, 'retired');
    await this.applier.untilNoPods(name, stopGraceMs);
  }

  async revive({ name }: Pick<InstanceRef, 'name'>): Promise<void> {
    await this.setState(name, 'running');
  }

  /**
   * Removes all objects and pods of a workload, and its record at last; volume claims are kept. Requests are sent
   * elsewhere first.
   */
  async remove({ name, stopGraceMs }: StopRef): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) return;
    const all = staleOf(entry, []);
    await refuseStrangers(this.api, all, this.scope);
    await this.resetTraffic(name, entry);
    await this.applier.delete(all);
    await this.applier.untilNoPods(name, stopGraceMs);
    await this.ledger.remove(name, entry);
  }

  /** Time of the last apply in ms since the epoch, possible kinds of the workload, and paths of its routes. */
  async applied(name: string): Promise<{ at: number; kinds?: WorkloadManifest[]; routes: string[] }> {
    const { at = 0, manifests }: Partial<Applied> = (await this.ledger.read(name))?.current ?? {};
    return {
      at,
      kinds: manifests?.filter(isWorkload),
      routes: paths(manifests?.filter(({ kind }) => kind === 'HTTPRoute') ?? []),
    };
  }

  /**
   * Resolves with whether any of the objects exists.
   * @throws RuntimeError if one of them, or a volume to mount, belongs to others
   */
  private async refuseOthers(manifests: readonly Manifest[]): Promise<boolean> {
    const [exists] = await Promise.all([
      refuseForeign(this.api, manifests),
      refuseForeignClaims(this.api, this.scope, manifests),
    ]);
    return exists;
  }

  private async liveOf({ current }: Entry): Promise<LiveWorkload | undefined> {
    const workload = current.manifests.find(isWorkload);
    return workload && readLive(this.api, workload);
  }

  /**
   * Deletes stale workloads before the apply, as another kind under the same name would conflict, and other stale
   * objects after it.
   */
  private async clear(
    name: string,
    stale: readonly string[],
    stopGraceMs: number,
    apply: () => Promise<void>,
  ): Promise<void> {
    const staleWorkloads = stale.filter(isWorkloadPath);
    await this.applier.delete(staleWorkloads);
    if (staleWorkloads.length > 0) await this.applier.untilNoPods(name, stopGraceMs);
    await apply();
    await this.applier.delete(stale.filter((path) => !isWorkloadPath(path)));
  }

  private async resetTraffic(name: string, { current }: Entry): Promise<void> {
    const beside = readRecord(current.manifests.find(isWorkload)?.metadata.annotations)?.record.beside;
    if (beside === undefined) return;
    const main = name.slice(0, -besideName('', beside).length);
    const servedBy = (await this.ledger.read(main))?.servedBy;
    const isServing =
      typeof servedBy === 'object'
        ? servedBy.workload === name
        : servedBy === name || (servedBy === '*' && beside === 'canary');
    if (isServing) await this.select(main, undefined);
    if (isServing && typeof servedBy === 'object') await sleep(gatewayDelayMs);
  }

  private async deleteJob({ name, workload }: Live): Promise<void> {
    const { namespace } = qualified(name);
    const path = pathOf({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: workload.metadata!.name!, namespace },
    });
    await this.applier.delete([path]);
    for (const deadline = monotonicMs() + deletedWithinMs; monotonicMs() < deadline; await sleep(pollMs))
      if (!(await this.api.find(path))) return;
    throw new RuntimeError('platform', `the job ${name} was not deleted within ${deletedWithinMs / 1000} s`);
  }

  private async manifestsOf(spec: InstanceSpec): Promise<Manifest[]> {
    const [variables, files, certificates] = await Promise.all([
      this.secrets.variables(spec),
      this.secrets.files(spec),
      this.readCertificates(spec),
    ]);
    await ensureNamespace(this.api, qualified(spec.name).namespace, spec);
    return toManifests(spec, { variables, files, certificates });
  }

  private readCertificates({ workload }: InstanceSpec): Promise<Values['certificates']> {
    return Promise.all(
      certificatesOf(workload?.ingress).map(async ({ certificate, key }) => {
        const [chain, secret] = await this.secrets.files({ secrets: [certificate, key] });
        return { certificate: Buffer.from(chain!.content).toString(), key: Buffer.from(secret!.content).toString() };
      }),
    );
  }

  private async setState(name: string, state: IntendedState): Promise<void> {
    const workload = (await this.ledger.read(name))?.current.manifests.find(isWorkload);
    if (!workload) throw new RuntimeError('missing', `there is no workload ${name}`);
    await refuseStrangers(this.api, [pathOf(workload)], this.scope);
    if (state === 'running') await refuseForeignClaims(this.api, this.scope, [workload]);
    await this.applier.apply([workload], { state, force: true });
  }
}

/**
 * The manifests that were in effect when a deployment started, with the number of pods. Manifests that were recorded
 * but never applied are skipped.
 */
function predecessor(
  { current, before }: Noted,
  deployment: number,
  live: LiveWorkload | undefined,
): Applied | undefined {
  if (current.deployment === deployment) return before;
  const record = readRecord(live?.metadata?.annotations)?.record;
  const found = record && before && record.deployment === before.deployment ? before : current;
  return { ...found, replicas: (live as V1Deployment | undefined)?.spec?.replicas };
}

function paths(manifests: readonly Manifest[]): string[] {
  return manifests.map(pathOf);
}

/** Paths of all objects that may have been applied, except retained ones. */
function staleOf(known: Entry | undefined, retained: readonly string[]): string[] {
  const all = [
    ...(known?.stale ?? []),
    ...paths(known?.current.manifests ?? []),
    ...paths(known?.before?.manifests ?? []),
  ];
  return [...new Set(all)].filter((path) => !retained.includes(path));
}

/** Contents of pods have names of their own, and a rollback needs them. */
function isContent(path: string): boolean {
  return /\/(configmaps|secrets)\//.test(path);
}

function isWorkloadPath(path: string): boolean {
  return /\/(deployments|statefulsets|jobs)\//.test(path);
}
