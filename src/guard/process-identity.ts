import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Identifies one process uniquely, because process IDs are reused. */
export interface ProcessIdentity {
  boot: string;
  pid: number;
  started: string;
}

let boot: string | undefined;

/** The identity of a running process; undefined if no process has that ID. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startTime(pid);
  return started === undefined ? undefined : { boot: bootId(), pid, started };
}

/** True while exactly this process runs. */
export function isAlive(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identity.boot === bootId() && startTime(identity.pid) === identity.started;
}

function bootId(): string {
  boot ??=
    process.platform === 'linux'
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      : execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim();
  return boot;
}

function startTime(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxStartTime(pid) : darwinStartTime(pid);
}

/** Field 22 of /proc/pid/stat; undefined for zombies. The name in field 2 may contain spaces and brackets. */
function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function darwinStartTime(pid: number): string | undefined {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state?.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
