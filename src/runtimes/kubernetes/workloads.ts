import { setTimeout as sleep } from 'node:timers/promises';
import { isWorkload, toManifests, type Manifest, type WorkloadManifest } from '../../kubernetes';
import { besideName, domain, fieldManager, labelSelector, podSelector, qualified, scopeLabels } from '../../kubernetes/names';
import { inState, readRecord, type IntendedState } from '../../kubernetes/record';
import { leadingTo } from '../../kubernetes/selection';
import type { InstanceRef, InstanceSpec } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { RuntimeError, type SecretReader } from '../runtime';
import type { KubernetesApi } from './api';
import { Ledger, type Applied, type Entry } from './ledger';
import { find, statusOf } from './live';
import { isReady } from './verdict';
import { ensureNamespace } from './namespaces';
import { pathOf, podsIn } from './paths';

/** Beyond its grace period a pod is killed; the rest is the kubelet's own pace. */
const stopMarginMs = 60_000;
const lookMs = 200;

/** Workloads from manifest to pods and back. What is applied is noted before, so that it can be applied again. */
export class Workloads {
  private readonly ledger: Ledger;

  constructor(private readonly api: KubernetesApi, private readonly secrets: SecretReader) {
    this.ledger = new Ledger(api);
  }

  /** Makes it without pods. */
  async create(spec: InstanceSpec): Promise<void> {
    refuseOther(await this.ledger.read(spec.name), spec);
    const found = await find(this.api, spec.name);
    if (found && found.record.hash !== spec.hash) throw new RuntimeError('software', `a ${found.kind} named ${spec.name} exists and is not this one`);
    if (found) return;
    const manifests = await this.manifestsOf(spec);
    await this.refuseForeign(manifests);
    await this.ledger.write(spec.name, { current: { deployment: spec.deployment, manifests } });
    await this.apply(manifests, 'created');
  }

  /** Makes a service what the spec says, whatever it was; noted with what it was before. */
  async bring(spec: InstanceSpec, force: boolean): Promise<void> {
    const known = await this.ledger.read(spec.name);
    refuseOther(known, spec);
    const isAgain = known?.current.deployment === spec.deployment;
    const before = isAgain ? known.before : known?.current;
    const manifests = await this.manifestsOf(before && spec.workload ? { ...spec, workload: { ...spec.workload, replaces: before.deployment } } : spec);
    if (!known) await this.refuseForeign(manifests);
    const servedBy = known?.servedBy;
    const entry: Entry = { current: { deployment: spec.deployment, manifests }, ...(before && { before }), ...(servedBy !== undefined && { servedBy }) };
    await this.ledger.write(spec.name, entry);
    await this.apply(manifests, 'running', force, servedBy);
    if (known && !isAgain) await this.prune([known.before], [entry.current, entry.before]);
  }

  /** What a deployment made of a service is what it was before it; what was there before stays as it is. */
  async restore(name: string, deployment: number): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) return;
    const back = entry.current.deployment === deployment ? entry.before : entry.current;
    if (!back) return;
    const { servedBy } = entry;
    await this.apply(back.manifests, 'running', true, servedBy);
    await this.ledger.write(name, { current: back, ...(servedBy !== undefined && { servedBy }) });
    if (back !== entry.current) await this.prune([entry.current], [back]);
  }

  /** Lets the names of a service lead to another workload; to its own where none is named. */
  async select(name: string, servedBy: string | undefined): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) throw new RuntimeError('missing', `there is no workload ${name}`);
    const { current, before } = entry;
    await this.ledger.write(name, { current, ...(before && { before }), ...(servedBy !== undefined && { servedBy }) });
    await this.apply(current.manifests.filter(({ kind }) => kind === 'Service'), 'running', true, servedBy);
  }

  async start(name: string): Promise<void> {
    await this.become(name, 'running');
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const live = await find(this.api, name);
    return live && statusOf(live);
  }

  async isReady(name: string): Promise<boolean> {
    const live = await find(this.api, name);
    return live !== undefined && isReady(live);
  }

  /** Ends when its pods are gone. */
  async retire({ name, stopGraceMs }: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    if (!(await this.ledger.read(name))) return;
    await this.become(name, 'retired');
    await this.untilNoPods(name, stopGraceMs);
  }

  async revive({ name }: Pick<InstanceRef, 'name'>): Promise<void> {
    await this.become(name, 'running');
  }

  /** Everything that was made of it, its pods, and at last the note; claims of volumes stay. What requests go to is left by them first. */
  async remove({ name, stopGraceMs }: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    const entry = await this.ledger.read(name);
    if (!entry) return;
    await this.sendBack(name, entry);
    await this.prune([entry.current, entry.before], []);
    await this.untilNoPods(name, stopGraceMs);
    await this.ledger.remove(name);
  }

  private async sendBack(name: string, { current }: Entry): Promise<void> {
    const beside = readRecord(current.manifests.find(isWorkload)?.metadata.annotations)?.record.beside;
    if (beside === undefined) return;
    const main = name.slice(0, -besideName('', beside).length);
    if ((await this.ledger.read(main))?.servedBy === name) await this.select(main, undefined);
  }

  private async manifestsOf(spec: InstanceSpec): Promise<Manifest[]> {
    const [variables, files] = await Promise.all([this.secrets.variables(spec), this.secrets.files(spec)]);
    await ensureNamespace(this.api, qualified(spec.name).namespace, spec);
    return toManifests(spec, { variables, files });
  }

  private async become(name: string, state: IntendedState): Promise<void> {
    const entry = await this.ledger.read(name);
    const workload = entry?.current.manifests.find(isWorkload);
    if (!workload) throw new RuntimeError('missing', `there is no workload ${name}`);
    await this.apply([workload], state, true);
  }

  private async apply(manifests: readonly Manifest[], state: IntendedState, force = false, servedBy?: string): Promise<void> {
    const others = manifests.filter((manifest) => !isWorkload(manifest)).map((manifest) => leadingTo(manifest, servedBy));
    await Promise.all(others.map((manifest) => this.api.apply(pathOf(manifest), manifest, fieldManager, force)));
    for (const workload of manifests.filter(isWorkload)) await this.applyWorkload(workload, state, force);
  }

  private async applyWorkload(workload: WorkloadManifest, state: IntendedState, force: boolean): Promise<void> {
    await this.api.apply(pathOf(workload), inState(workload, state), fieldManager, force);
  }

  /** Deletes what was applied once and is applied no more. */
  private async prune(old: readonly (Applied | undefined)[], kept: readonly (Applied | undefined)[]): Promise<void> {
    const stays = new Set(kept.flatMap((each) => each?.manifests.map(pathOf) ?? []));
    const goes = new Set(old.flatMap((each) => each?.manifests.map(pathOf) ?? []).filter((path) => !stays.has(path)));
    await Promise.all([...goes].map((path) => this.api.delete(path, { propagationPolicy: 'Background' })));
  }

  /** What somebody else has made under these names is never taken over. */
  private async refuseForeign(manifests: readonly Manifest[]): Promise<void> {
    const found = await Promise.all(manifests.map(async (manifest) => ({ manifest, live: await this.api.find<Manifest>(pathOf(manifest)) })));
    const foreign = found.filter(({ manifest, live }) => live && !isOfSameStack(live, manifest));
    if (foreign.length === 0) return;
    const names = foreign.map(({ manifest: { kind, metadata } }) => `the ${kind} ${metadata.namespace}/${metadata.name}`);
    throw new RuntimeError('software', `${names.join(' and ')} ${names.length > 1 ? 'exist and are' : 'exists and is'} not of this stack; remove ${names.length > 1 ? 'them' : 'it'}, or give the service another name`);
  }

  private async untilNoPods(name: string, stopGraceMs: number): Promise<void> {
    const { namespace } = qualified(name);
    for (const deadline = Date.now() + stopGraceMs + stopMarginMs; Date.now() < deadline; await sleep(lookMs)) {
      const pods = await this.api.list(podsIn(namespace), { labelSelector: labelSelector(podSelector({ name })) });
      if (pods.length === 0) return;
    }
    throw new RuntimeError('platform', `pods of ${name} do not go: is their node away?`);
  }
}

/** Two stacks may share a namespace, and no name in it. */
function refuseOther(entry: Entry | undefined, { name, stack, environment }: InstanceSpec): void {
  const labels = entry?.current.manifests.find(isWorkload)?.metadata.labels;
  if (labels && !hasLabels(labels, scopeLabels({ stack, environment }))) throw new RuntimeError('software', `the name ${name} is taken by another stack of its namespace; give the service another name, or the stack another namespace`);
}

function isOfSameStack(live: Manifest, manifest: Manifest): boolean {
  const own = Object.fromEntries(Object.entries(manifest.metadata.labels).filter(([label]) => label === 'app.kubernetes.io/managed-by' || label.startsWith(`${domain}/`)));
  return hasLabels(live.metadata.labels ?? {}, own);
}

function hasLabels(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
