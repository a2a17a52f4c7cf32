import type { InstanceSpec } from '../model/instance';
import { balancerName } from '../model/traffic';
import type { Floors } from './schema';
import { toTmpfs } from '../model/stack/tmpfs';

/**
 * Applies the floors of the policy to an instance. Its hash does not change, so that a new floor replaces no running
 * instance. The load balancer is exempt from read_only and cap_drop, because NGINX needs its files and capabilities.
 */
export function withFloors(spec: InstanceSpec, floors: Floors | undefined): InstanceSpec {
  if (!floors) return spec;
  const isOurs = spec.service === balancerName;
  const isReadOnly = spec.readOnly || (floors.read_only === true && !isOurs);
  const logging = loggingOf(spec, floors);
  return {
    ...spec,
    readOnly: isReadOnly,
    tmpfs: isReadOnly && !spec.readOnly ? withScratch(spec) : spec.tmpfs,
    capDrop: isOurs ? spec.capDrop : [...new Set([...spec.capDrop, ...(floors.cap_drop ?? [])])],
    ...(floors.no_new_privileges && { noNewPrivileges: true }),
    ...(floors.pids_limit !== undefined && { pidsLimit: smallerLimit(floors.pids_limit, spec.pidsLimit) }),
    ...(logging && { logging }),
  };
}

/** Adds a writable /tmp, which most programs need. */
function withScratch({ tmpfs, mounts }: InstanceSpec): string[] {
  const isThere =
    tmpfs.some((entry) => toTmpfs(entry).path === '/tmp') || mounts.some(({ target }) => target === '/tmp');
  return isThere ? tmpfs : [...tmpfs, '/tmp'];
}

/** Limits log files, for the drivers that have these options. A service may set lower limits, but not higher ones. */
function loggingOf(
  { logging }: InstanceSpec,
  { log_max_size: size, log_max_files: files }: Floors,
): InstanceSpec['logging'] {
  const driver = logging?.driver ?? 'json-file';
  if (size === undefined || !['json-file', 'local'].includes(driver)) return logging;
  const { 'max-size': ownSize, 'max-file': ownFiles, ...others } = logging?.options ?? {};
  const kept = files === undefined ? ownFiles : smaller(ownFiles, String(files), Number);
  return {
    driver,
    options: {
      ...others,
      'max-size': smaller(ownSize, size, bytesOf),
      ...(kept !== undefined && { 'max-file': kept }),
    },
  };
}

/** Docker takes 0 and negative numbers as no limit. */
function smallerLimit(floor: number, own = 0): number {
  return own > 0 ? Math.min(floor, own) : floor;
}

function smaller(own: string | undefined, floor: string, amount: (text: string) => number): string {
  return own !== undefined && amount(own) < amount(floor) ? own : floor;
}

/** Parses Docker's size notation. Anything else, such as -1 for no limit, counts as larger than any floor. */
function bytesOf(text: string): number {
  const [, amount, unit] = /^([1-9]\d*)([kmg]?)b?$/i.exec(text) ?? [];
  return amount === undefined ? Infinity : Number(amount) * 1024 ** ' kmg'.indexOf(unit?.toLowerCase() || ' ');
}
