import type { InstanceSpec } from '../model/instance';
import { balancerName } from '../model/traffic';
import type { Floors } from './schema';
import { toTmpfs } from '../model/stack/tmpfs';

/**
 * An instance with what the policy wants of every container. Its hash stays: what runs is not replaced because of a
 * floor. The load balancer, which the engine itself makes, keeps the capabilities and the file system that NGINX needs.
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
    ...(floors.pids_limit !== undefined && { pidsLimit: Math.min(floors.pids_limit, spec.pidsLimit ?? Infinity) }),
    ...(logging && { logging }),
  };
}

/** Programs expect to write below /tmp. */
function withScratch({ tmpfs, mounts }: InstanceSpec): string[] {
  const isThere =
    tmpfs.some((entry) => toTmpfs(entry).path === '/tmp') || mounts.some(({ target }) => target === '/tmp');
  return isThere ? tmpfs : [...tmpfs, '/tmp'];
}

/** Only drivers that keep files know these options. A service may ask for less, not for more. */
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

function smaller(own: string | undefined, floor: string, amount: (text: string) => number): string {
  return own !== undefined && amount(own) < amount(floor) ? own : floor;
}

/** Docker's notation; anything else, -1 for no limit included, counts as more than any floor. */
function bytesOf(text: string): number {
  const [, amount, unit] = /^([1-9]\d*)([kmg]?)b?$/i.exec(text) ?? [];
  return amount === undefined ? Infinity : Number(amount) * 1024 ** ' kmg'.indexOf(unit?.toLowerCase() || ' ');
}
