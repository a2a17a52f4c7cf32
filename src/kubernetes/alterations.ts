import type { WorkloadManifest } from './manifest';
import { amountOf } from './quantities';

type Data = { [key: string]: unknown };

const longestValue = 60;
const amounts = /\.(resources\.|emptyDir\.sizeLimit)/;

/**
 * Differences between a workload and its applied manifest; each completes the sentence "it is …". Additions of others
 * are ignored. Pure.
 */
export function alterationsOf(applied: WorkloadManifest, live: object): string[] {
  return differences(applied.spec, (live as Data).spec, 'spec');
}

function differences(applied: unknown, live: unknown, path: string): string[] {
  if (Array.isArray(applied))
    return applied.flatMap((item: unknown, index) =>
      differences(item, counterpart(item, live, index), `${path}[${keyOf(item) ?? index}]`),
    );
  if (isData(applied))
    return Object.entries(applied).flatMap(([key, value]) =>
      value === undefined ? [] : differences(value, isData(live) ? live[key] : undefined, `${path}.${key}`),
    );
  return isSame(applied, live, path) ? [] : [`altered at ${path}: ${shown(live)} instead of ${shown(applied)}`];
}

/** Others may add items to a list: items with a path or a name are matched by it. */
function counterpart(item: unknown, live: unknown, index: number): unknown {
  if (!Array.isArray(live)) return undefined;
  const key = keyOf(item);
  return key === undefined ? live[index] : live.find((each) => keyOf(each) === key);
}

function keyOf(item: unknown): string | undefined {
  if (!isData(item)) return undefined;
  return [item.mountPath, item.name].find((key) => typeof key === 'string');
}

/** The cluster omits zero values, and writes quantities in its own format. */
function isSame(applied: unknown, live: unknown, path: string): boolean {
  if (applied === live) return true;
  if (live === undefined) return applied === 0 || applied === false || applied === '';
  return (
    amounts.test(path) &&
    typeof applied === 'string' &&
    typeof live === 'string' &&
    amountOf(applied) === amountOf(live)
  );
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : String(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
