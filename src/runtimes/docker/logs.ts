import { RuntimeError, type LogPage, type LogRequest } from '../runtime';
import type { DockerConnection } from './api/connection';
import { docker } from './api/errors';

/** Lines of one page after a cursor; if there are more, the oldest are dropped. */
const longestPage = 10_000;
const lineEnd = 0x0a;

/** Log lines of a container. The cursor is the time of the last line, to the nanosecond. */
export async function logs(
  { docker: engine }: DockerConnection,
  name: string,
  { tail, after, since, until, shown }: LogRequest,
): Promise<LogPage> {
  const container = engine.getContainer(name);
  const { Config, State } = await docker(() => container.inspect());
  if (State.Status === 'created' && State.Error)
    throw new RuntimeError('missing', `it could not be started: ${State.Error}`);
  if (State.Status === 'created') return { lines: [], cursor: after ?? '' };
  const from = after ? toUnix(after) : secondsOf(since);
  const to = secondsOf(until);
  const range = {
    // The engine takes the last lines first and those before the end of the range of them, so all are read.
    ...(to === undefined && { tail: after === undefined ? tail : longestPage }),
    // The library declares numbers, which would lose the nanoseconds.
    ...(from !== undefined && { since: from as unknown as number }),
    ...(to !== undefined && { until: to as unknown as number }),
  };
  const raw = await docker(() => container.logs({ stdout: true, stderr: true, timestamps: true, ...range })).catch(
    ofDriver,
  );
  // A terminal ends its lines with \r\n.
  const text = Config.Tty ? raw.toString('utf8').replaceAll('\r\n', '\n') : demultiplex(raw);
  const stamped = text.split('\n').filter((line) => line !== '' && line.slice(0, line.indexOf(' ')) > (after ?? ''));
  const page = after === undefined ? stamped.slice(-tail) : stamped.slice(-longestPage);
  const lines = page
    .filter((line) => line.indexOf(' ') + 1 < line.length)
    .map((line) => (shown ? line : line.slice(line.indexOf(' ') + 1)));
  return { lines, cursor: stamped.at(-1)?.split(' ')[0] ?? after ?? '' };
}

/**
 * If the engine has just answered but fails to read the logs of one container, the failure is that of its log driver.
 */
function ofDriver(error: RuntimeError): never {
  const { statusCode } = error.cause as { statusCode?: number };
  throw error.kind === 'platform' && statusCode !== undefined
    ? new RuntimeError('software', error.message, { cause: error.cause })
    : error;
}

function secondsOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : (ms / 1000).toFixed(3);
}

/** Converts `2026-11-21T10:00:00.123456789Z` to `1795255200.123456789`: a number would lose the nanoseconds. */
function toUnix(timestamp: string): string {
  return `${Math.floor(Date.parse(timestamp) / 1000)}.${/\.(\d+)/.exec(timestamp)?.[1] ?? '0'}`;
}

/**
 * Docker frames stdout and stderr: one byte for the stream, three of padding, four for the length. It splits lines
 * every 16 KiB and stamps each piece; the pieces are joined again, so that secrets in them can be masked.
 */
function demultiplex(raw: Buffer): string {
  const parts: Buffer[] = [];
  const cut = new Set<number>();
  for (let offset = 0; offset + 8 <= raw.length;) {
    const [stream, length] = [raw[offset]!, raw.readUInt32BE(offset + 4)];
    const piece = raw.subarray(offset + 8, offset + 8 + length);
    parts.push(cut.has(stream) ? piece.subarray(piece.indexOf(' ') + 1) : piece);
    if (piece.at(-1) === lineEnd) cut.delete(stream);
    else cut.add(stream);
    offset += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}
