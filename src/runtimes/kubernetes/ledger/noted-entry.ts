import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { isWorkload, type Manifest } from '../../../kubernetes';
import { besideName, objectLabels, qualified } from '../../../kubernetes/names';
import type { ServedBy } from '../../../model/instance';
import { parseJson } from '../../../model/text/json';
import { whole } from '../../instance-shapes';
import { RuntimeError, type Scope } from '../../runtime';
import type { Entry } from './entry';
import { areOwnPods } from './noted-pods';
import { hasLabels } from '../ownership';
import { collection, madeKinds, pathOf } from '../api/paths';
import { readRecord } from './record';

/** In bytes, unpacked: two versions of a service, whose objects have at most 1 MiB each. */
const largest = 8 * 1024 * 1024;

const texts = z.record(z.string(), z.string());
const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string(), labels: texts, annotations: texts.optional() }),
});
const applied = z.object({
  deployment: whole,
  manifests: z.array(manifest),
  at: z.number(),
  replicas: whole.optional(),
});
const servedBy = z.union([z.string(), z.object({ workload: z.string(), share: z.number().min(0).max(100) })]);
const entrySchema = z.object({
  current: applied,
  before: applied.optional(),
  servedBy: servedBy.optional(),
  stale: z.array(z.string()).optional(),
});

/** @throws RuntimeError of kind `software` if it is too large to be read again */
export function pack(name: string, entry: Entry): string {
  const text = JSON.stringify(entry);
  if (Buffer.byteLength(text) > largest) throw unfit(name, `has more than ${largest} bytes`);
  return gzipSync(text).toString('base64');
}

/** @throws RuntimeError of kind `software` if it is too large or invalid */
export function unpack(name: string, packed: string): Entry {
  const read = entrySchema.safeParse(parseJson(unzip(packed)));
  if (!read.success) throw unfit(name, 'cannot be read');
  return read.data as unknown as Entry;
}

/** Empty if it is too large, or not compressed. */
function unzip(packed: string): string {
  try {
    return gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: largest }).toString();
  } catch {
    return '';
  }
}

/**
 * Anybody who can write Secrets in a namespace can write an entry. An entry with objects that the engine does not
 * create for this service is refused.
 * @throws RuntimeError of kind `software` that names the object
 */
export function refuseForged(name: string, { current, before, servedBy: to, stale = [] }: Entry, scope: Scope): void {
  for (const { manifests } of before ? [current, before] : [current]) {
    const workloads = manifests.filter(isWorkload);
    const labels = labelsOf(workloads[0], scope);
    const strange = manifests.find((each) => !isMade(each, name) || !hasLabels(each.metadata.labels, labels));
    if (strange) throw unfit(name, `names the ${describe(strange)}, which is not of this service`);
    if (workloads.length !== 1 || workloads[0]!.metadata.name !== qualified(name).name) {
      throw unfit(name, 'does not name its own workload');
    }
    if (!readRecord(workloads[0]!.metadata.annotations)) throw unfit(name, 'does not describe its workload');
    if (!areOwnPods(workloads[0]!, manifests)) throw unfit(name, 'has pods that the engine does not create');
  }
  if (to !== undefined && !canServe(to, name)) throw unfit(name, 'sends its requests to another service');
  const strange = stale.find((path) => !isMadePath(path, name));
  if (strange !== undefined) throw unfit(name, `names ${strange}, which is not of this service`);
}

/** True for all pods of the service, or one of the temporary workloads beside it. */
function canServe(to: ServedBy, name: string): boolean {
  const workload = typeof to === 'object' ? to.workload : to;
  return workload === '*' || workload === besideName(name, 'canary') || workload === besideName(name, 'next');
}

function describe({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

function isMade(each: Manifest, name: string): boolean {
  const isKnown = madeKinds.some(({ apiVersion, kind }) => each.apiVersion === apiVersion && each.kind === kind);
  return isKnown && isMadePath(pathOf(each), name);
}

/** True if a path addresses an object in the namespace of a name, of a kind that the engine creates. */
function isMadePath(path: string, name: string): boolean {
  const own = path.slice(path.lastIndexOf('/') + 1);
  const { namespace } = qualified(name);
  const isName = /^[a-z0-9][a-z0-9.-]*$/.test(own);
  return isName && madeKinds.some((kind) => path === `${collection(kind, namespace)}/${own}`);
}

function labelsOf(workload: Manifest | undefined, scope: Scope): Record<string, string> {
  const service = workload?.metadata.labels['app.kubernetes.io/name'] ?? '';
  return objectLabels({ ...scope, service });
}

function unfit(name: string, why: string): RuntimeError {
  const { namespace, name: own } = qualified(name);
  const where = `see the Secret deploy-code.${own} in the namespace ${namespace}`;
  return new RuntimeError('software', `the record of what was applied for ${name} ${why}; ${where}`);
}
