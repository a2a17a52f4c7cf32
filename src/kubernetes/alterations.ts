import type { WorkloadManifest } from './manifest';

type Data = { [key: string]: unknown };

const longestValue = 60;

/** Where a workload is not what was applied any more, though something else may have been added: each completes the sentence "it is …". Pure. */
export function alterationsOf(applied: WorkloadManifest, live: object): string[] {
  return differences(applied.spec, (live as Data).spec, 'spec');
}

function differences(applied: unknown, live: unknown, path: string): string[] {
  if (Array.isArray(applied)) return applied.flatMap((item: unknown, index) => differences(item, counterpart(item, live, index), `${path}[${nameOf(item) ?? index}]`));
  if (isData(applied)) return Object.entries(applied).flatMap(([key, value]) => (value === undefined ? [] : differences(value, isData(live) ? live[key] : undefined, `${path}.${key}`)));
  return isSame(applied, live) ? [] : [`altered at ${path}: ${shown(live)} instead of ${shown(applied)}`];
}

/** Others may add to a list: what has a name is found by it. */
function counterpart(item: unknown, live: unknown, index: number): unknown {
  if (!Array.isArray(live)) return undefined;
  const name = nameOf(item);
  return name === undefined ? live[index] : live.find((each) => nameOf(each) === name);
}

function nameOf(item: unknown): string | undefined {
  return isData(item) && typeof item.name === 'string' ? item.name : undefined;
}

/** What is nothing is left out by the cluster, and it writes amounts in its own way. */
function isSame(applied: unknown, live: unknown): boolean {
  if (applied === live) return true;
  if (live === undefined) return applied === 0 || applied === false || applied === '';
  return typeof applied === 'string' && typeof live === 'string' && /^\d+m$/.test(applied) && Number(applied.slice(0, -1)) / 1000 === Number(live);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : String(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
