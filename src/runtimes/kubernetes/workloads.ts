import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { certificatesOf } from '../../model/stack/certificates';
import { isWorkload, toManifests, type Manifest, type Values, type WorkloadManifest } from '../../kubernetes';
import { besideName, qualified } from '../../kubernetes/names';
import type { IntendedState } from '../../kubernetes/record';
import type { ServedBy } from '../../model/instance';
import type { InstanceRef, InstanceSpec } from '../../model/instance';
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

type Goer = Pick<InstanceRef, 'name' | 'stopGraceMs'>;

const goneWithinMs = 60_000;
const lookMs = 200;
/**
 * A Gateway hears that a Service has gone by another way than that it gets no share any more: the latter has to come
 * first.
 */
const heardMs = 2000;

/** Workloads from manifest to pods and back. What is applied is noted before, so that it can be applied again. */
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

  /** Makes it without pods. */
  async create(spec: InstanceSpec): Promise<void> {
    mustBeWithin(this.scope, spec);
    const known = await this.ledger.readAnybodys(spec.name);
    refuseOther(known, spec);
    const found = await find(this.api, this.scope, spec.name);
    if (found && found.record.hash !== spec.hash)
      throw new RuntimeError('software', `a ${found.kind} named ${spec.name} exists and is not this one`);
    if (found) return;
    const manifests = await this.manifestsOf(spec);
    await this.refuseOthers(manifests);
    await this.ledger.write(spec.name, { current: { deployment: spec.deployment, manifests, at: Date.now() } }, known);
    await this.applier.apply(manifests, { state: 'created', force: false });
  }

  /**
   * Makes a service what the spec says, whatever it was; noted with what it was before. What it has no more goes, but
   * for what a rollback needs.
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

  /** What a deployment made of a service is what it was before it; what it did not come to touch stays as it is. */
  async restore({ name, stopGraceMs }: Goer, deployment: number): Promise<void> {
    const entry = await this.ledger.read(name);
    if (entry?.current.deployment !== deployment || !entry.before) return;
    const { servedBy } = entry;
    const back: Applied = { ...entry.before, at: Date.now() };
    const stale = staleOf(entry, paths(back.manifests));
    await refuseStrangers(this.api, [...paths(back.manifests), ...stale], this.scope);
    await refuseForeignClaims(this.api, this.scope, back.manifests);
    await this.clear(name, stale, stopGraceMs, () =>
      this.applier.apply(back.manifests, { state: 'running', force: true, servedBy, replicas: back.replicas }),
    );
    await this.ledger.write(name, { current: back, servedBy }, entry);
  }

  /**
   * Lets what is meant for a service go elsewhere, or to its own workload where nothing is named. That it goes
   * elsewhere is noted until it surely does so no more.
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

  /** A job that has ended runs once more only as another one. */
  async start(name: string): Promise<void> {
    const live = await find(this.api, this.scope, name);
    if (live?.kind === 'Job' && stateOf(live).state === 'exited') await this.deleteJob(live);
    await this.become(name, 'running');
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const live = await find(this.api, this.scope, name);
    return live && statusOf(live);
  }

  async isReady(name: string): Promise<boolean> {
    const live = await find(this.api, this.scope, name);
    return live !== undefined && isReady(live);
  }

  /** Ends when its pods are gone. */
  async retire({ name, stopGraceMs }: Goer): Promise<void> {
    if (!(await this.ledger.read(name))) return;
    await this.become(name, 'retired');
    await this.applier.untilNoPods(name, stopGraceMs);
  }

  async revive({ name }: Pick<InstanceRef, 'name'>): Promise<void> {
    await this.become(name, 'running');
  }

  /**
   * Everything that was made of it, its pods, and at last the note; claims of volumes stay. Requests leave it first.
   */
  async remove({ name, stopGraceMs }: Goer): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) return;
    const all = staleOf(entry, []);
    await refuseStrangers(this.api, all, this.scope);
    await this.sendBack(name, entry);
    await this.applier.delete(all);
    await this.applier.untilNoPods(name, stopGraceMs);
    await this.ledger.remove(name, entry);
  }

  /**
   * When what is applied was applied, in ms since the epoch, what kinds of workload it can be, and the paths of its
   * routes.
   */
  async applied(name: string): Promise<{ at: number; kinds?: WorkloadManifest[]; routes: string[] }> {
    const { at = 0, manifests }: Partial<Applied> = (await this.ledger.read(name))?.current ?? {};
    return {
      at,
      kinds: manifests?.filter(isWorkload),
      routes: paths(manifests?.filter(({ kind }) => kind === 'HTTPRoute') ?? []),
    };
  }

  /**
   * Resolves with whether any of it is there. @throws RuntimeError where that is, or has to be mounted, and is not ours
   */
  private async refuseOthers(manifests: readonly Manifest[]): Promise<boolean> {
    const [isThere] = await Promise.all([
      refuseForeign(this.api, manifests),
      refuseForeignClaims(this.api, this.scope, manifests),
    ]);
    return isThere;
  }

  private async liveOf({ current }: Entry): Promise<LiveWorkload | undefined> {
    const workload = current.manifests.find(isWorkload);
    return workload && readLive(this.api, workload);
  }

  /** Workloads of another kind under the same name go before, and everything else after. */
  private async clear(
    name: string,
    stale: readonly string[],
    stopGraceMs: number,
    apply: () => Promise<void>,
  ): Promise<void> {
    const inTheWay = stale.filter(isWorkloadPath);
    await this.applier.delete(inTheWay);
    if (inTheWay.length > 0) await this.applier.untilNoPods(name, stopGraceMs);
    await apply();
    await this.applier.delete(stale.filter((path) => !isWorkloadPath(path)));
  }

  private async sendBack(name: string, { current }: Entry): Promise<void> {
    const beside = readRecord(current.manifests.find(isWorkload)?.metadata.annotations)?.record.beside;
    if (beside === undefined) return;
    const main = name.slice(0, -besideName('', beside).length);
    const servedBy = (await this.ledger.read(main))?.servedBy;
    const isServing =
      typeof servedBy === 'object'
        ? servedBy.workload === name
        : servedBy === name || (servedBy === '*' && beside === 'canary');
    if (isServing) await this.select(main, undefined);
    if (isServing && typeof servedBy === 'object') await sleep(heardMs);
  }

  private async deleteJob({ name, workload }: Live): Promise<void> {
    const { namespace } = qualified(name);
    const path = pathOf({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: workload.metadata!.name!, namespace },
    });
    await this.applier.delete([path]);
    for (const deadline = monotonicMs() + goneWithinMs; monotonicMs() < deadline; await sleep(lookMs))
      if (!(await this.api.find(path))) return;
    throw new RuntimeError('platform', `the job ${name} does not go`);
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

  private async become(name: string, state: IntendedState): Promise<void> {
    const workload = (await this.ledger.read(name))?.current.manifests.find(isWorkload);
    if (!workload) throw new RuntimeError('missing', `there is no workload ${name}`);
    await refuseStrangers(this.api, [pathOf(workload)], this.scope);
    if (state === 'running') await refuseForeignClaims(this.api, this.scope, [workload]);
    await this.applier.apply([workload], { state, force: true });
  }
}

/**
 * What was applied when a deployment came, with the number of its pods: what another one had noted and not come to
 * apply was never there.
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

/** Everything that is known to have been applied, but for what stays. */
function staleOf(known: Entry | undefined, stays: readonly string[]): string[] {
  const all = [
    ...(known?.stale ?? []),
    ...paths(known?.current.manifests ?? []),
    ...paths(known?.before?.manifests ?? []),
  ];
  return [...new Set(all)].filter((path) => !stays.includes(path));
}

/** What pods were started with has names of its own, and is of use to a rollback. */
function isContent(path: string): boolean {
  return /\/(configmaps|secrets)\//.test(path);
}

function isWorkloadPath(path: string): boolean {
  return /\/(deployments|statefulsets|jobs)\//.test(path);
}
