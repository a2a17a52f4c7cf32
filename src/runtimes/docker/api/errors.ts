import { RuntimeError, type RuntimeErrorKind } from '../../runtime';
import { withDeadline } from '../../deadline';

interface DockerError extends Error {
  statusCode?: number;
  code?: string;
  json?: { message?: string };
  reason?: string;
}

/**
 * Temporary host problems that can occur anywhere in a start. Matched only at the end of a text, whose beginning may
 * quote names and paths.
 */
const temporaryHostProblems = anyOf(
  ...[
    'no space left on device',
    'disk quota exceeded',
    'cannot allocate memory',
    'too many open files',
    'resource temporarily unavailable',
    'resource busy',
    'context deadline exceeded',
    'connection reset by peer',
  ].map((text) => `${text}(?:: unknown)?$`),
);

/**
 * Docker answers 500 both for a wrong setting and for an unavailable registry, so the text decides; only here, and
 * tested. The first matching row counts; a 5xx that matches none is unclear, and `untilClear` retries it.
 */
const table: { text: RegExp; kind: RuntimeErrorKind; advice?: string; reason?: RuntimeError['reason'] }[] = [
  {
    text: /^Address already in use$/,
    kind: 'software',
    advice: 'another container in the network has that address',
    reason: 'address',
  },
  {
    text: /(?:cannot|can't) join (?:network|PID|IPC) of/i,
    kind: 'software',
    advice: 'the instance whose namespace it joins does not run',
  },
  {
    text: /has active endpoints/i,
    kind: 'software',
    advice:
      'disconnect its containers; if `docker network inspect` shows none, ' +
      'the count of Docker is wrong: restart Docker',
  },
  {
    text: /task \S+ already exists|^id already in use$/i,
    kind: 'software',
    advice: 'Docker was interrupted while it started the container, which has to be recreated',
    reason: 'stuck',
  },
  {
    text: /endpoint with name .* already exists in network/i,
    kind: 'platform',
    advice: 'Docker was interrupted while it connected the container',
  },
  {
    text: /port is already allocated|address already in use/i,
    kind: 'software',
    advice: 'another process on the host listens on that port',
  },
  {
    text: /(?:bind: |failed to bind host port .*: )(?:cannot assign requested address|invalid argument)/i,
    kind: 'software',
    advice: 'the host does not have the address of a published port; check `ports`',
  },
  {
    text: /(?:bind: |failed to bind host port .*: )permission denied|cannot expose privileged port/i,
    kind: 'software',
    advice: 'Docker may not listen on that port; choose one above 1023',
  },
  { text: temporaryHostProblems, kind: 'platform' },
  {
    text: /OCI runtime (?:create|exec) failed|executable file not found|permission denied: unknown/i,
    kind: 'software',
  },
  {
    text: /x509: |server gave HTTP response to HTTPS client/i,
    kind: 'software',
    advice: 'Docker does not trust the registry; install its certificate, or list it under `insecure-registries`',
  },
  {
    text: anyOf(
      'no such image',
      'manifest unknown',
      'manifest for .* not found',
      'repository .* not found',
      'name unknown',
      'invalid reference format',
    ),
    kind: 'software',
    advice: 'check the name and tag of the image',
  },
  {
    text: /no matching manifest|does not match the specified platform/i,
    kind: 'software',
    advice: 'the image is not built for the CPU architecture of this host',
  },
  {
    text: anyOf(
      'pull access denied',
      'unauthorized',
      'authentication required',
      'no basic auth credentials',
      '(?:^|: )denied: ',
      'error parsing HTTP 403',
      '403 Forbidden',
    ),
    kind: 'software',
    reason: 'denied',
  },
  {
    text: /(?:initialize|create) logging driver: .*dial (?:tcp|udp|unix)/i,
    kind: 'platform',
    advice: 'the server of the log driver is unavailable',
    reason: 'unclear',
  },
  {
    text: /logging driver does not support reading/i,
    kind: 'software',
    advice: 'read the logs where the driver sends them, or choose a driver that keeps them on the host, such as local',
  },
  {
    text: /logging driver|logging plugin|log driver|log opt|logging mode/i,
    kind: 'software',
    advice: 'check `logging` of the service',
  },
  {
    text: anyOf(
      'invalid mount config',
      'bind source path does not exist',
      'creating mount source path',
      'mounts denied',
      'is not shared from the host',
    ),
    kind: 'software',
  },
  {
    text: anyOf(
      ...[
        'no such device',
        'no such file or directory',
        'invalid argument',
        'not a directory',
        'not permitted',
        'permission denied',
        'protocol not supported',
      ].map((text) => `mount(?:ing)? (?:local )?volume.*${text}`),
    ),
    kind: 'software',
  },
  {
    text: anyOf(
      'invalid (?:IP|subnet|CIDR|pool)',
      'Pool overlaps',
      '(?:failed to allocate|no matching subnet for) gateway',
      'requested address is out of range',
    ),
    kind: 'software',
    advice: 'choose another CIDR',
  },
  {
    text: anyOf(
      'non-overlapping (?:IPv[46] )?address pool',
      'predefined address pools have been fully subnetted',
      'no available (?:IPv[46] )?addresses',
    ),
    kind: 'software',
    advice: 'Docker has no addresses left: remove unused networks, or set a CIDR for the network',
  },
  {
    text: /plugin \S+ not found|error looking up \S+ plugin/i,
    kind: 'software',
    advice: 'the host has no such plugin',
  },
  {
    text: /unable to find (?:user|group)|no matching entries in (?:passwd|group) file/i,
    kind: 'software',
    advice: 'the image does not have the user of the service; check `user`',
  },
  {
    text: /^cannot mkdir: .* is not a directory/i,
    kind: 'software',
    advice: 'a file of the image is where the folder should be; check `working_dir`',
  },
  { text: /error gathering device information/i, kind: 'software', advice: 'the host has no such device' },
  { text: /could not select device driver/i, kind: 'software', advice: 'the host has no GPU driver for Docker' },
  {
    text: anyOf(
      'unknown (?:or invalid )?runtime',
      'invalid (?:tmpfs option|IPC mode|PID mode|UTS mode|hostname|sysctl|--security-opt|cgroup)',
      'valid slice named',
      'seccomp profile',
      'apparmor profile',
      '--storage-opt is supported only',
      'not a swarm manager',
    ),
    kind: 'software',
  },
  {
    text: /unable to remove (?:root )?filesystem|failed to remove root filesystem/i,
    kind: 'platform',
    advice: 'Docker cannot delete the files of the container yet',
  },
  { text: /marked for removal/i, kind: 'missing', advice: 'Docker was interrupted while it removed the container' },
  { text: /no such container|no such volume|network .* not found|no such network/i, kind: 'missing' },
  {
    text: anyOf(
      'dial tcp',
      String.raw`i/o timeout`,
      'TLS handshake',
      'connection refused',
      'no such host',
      'proxyconnect',
      'toomanyrequests',
      'EOF',
      'context deadline',
      'server misbehaving',
    ),
    kind: 'platform',
  },
  {
    text: anyOf(
      'no route to host',
      'network is unreachable',
      'timed out',
      'connection reset',
      'broken pipe',
      'ttrpc: closed',
      'transport is closing',
      'code = Unavailable',
    ),
    kind: 'platform',
  },
];

const unreachable = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/** Matches any of the patterns, ignoring case. */
function anyOf(...patterns: string[]): RegExp {
  return new RegExp(patterns.join('|'), 'i');
}

/** Classifies a Docker failure. */
export function toRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const { statusCode, code, json, reason: reasonText, message } = error as DockerError;
  const text = (json?.message ?? message ?? reasonText ?? String(error))
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .trim();
  if (statusCode === undefined && (unreachable.includes(code ?? '') || /socket hang up|aborted/.test(text))) {
    return new RuntimeError(
      'platform',
      `the Docker Engine does not answer (${code === undefined || text.startsWith('ssh') ? text : code})`,
      { cause: error },
    );
  }
  const row = table.find((each) => each.text.test(text));
  const kind = row?.kind ?? (statusCode === 404 ? 'missing' : (statusCode ?? 500) >= 500 ? 'platform' : 'software');
  const reason = row ? row.reason : kind === 'platform' ? ('unclear' as const) : undefined;
  return Object.assign(
    new RuntimeError(kind, `Docker: ${text}${row?.advice ? `; ${row.advice}` : ''}`, { cause: error }),
    { reason },
  );
}

/**
 * Timeout of calls that do not wait for a container: without it, a host that disappears silently would block forever.
 */
export const answerMs = 110_000;

/** Runs a Docker call; its errors become {@link RuntimeError}s. */
export async function docker<T>(call: () => Promise<T>, limitMs = answerMs): Promise<T> {
  try {
    return await answered(call(), limitMs);
  } catch (error) {
    throw toRuntimeError(error);
  }
}

/** The same, with a fallback for some HTTP statuses, such as 404 (missing) or 304 (unchanged). */
export async function dockerOr<T>(
  statuses: number[],
  fallback: T,
  call: () => Promise<T>,
  limitMs = answerMs,
): Promise<T> {
  try {
    return await answered(call(), limitMs);
  } catch (error) {
    if (statuses.includes((error as DockerError).statusCode ?? 0)) return fallback;
    throw toRuntimeError(error);
  }
}

function answered<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  return withDeadline(answer, limitMs, () => late(limitMs));
}

/** The error of a call that took longer than a limit, in ms. */
export function late(limitMs: number): RuntimeError {
  return new RuntimeError('platform', `the Docker Engine does not answer within ${limitMs / 1000} s`);
}
