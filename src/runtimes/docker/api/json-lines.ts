import type { Readable } from 'node:stream';
import { RuntimeError } from '../../runtime';

export interface LineLimits {
  /** Longest time between two chunks; in ms. */
  silenceMs: number;
  /** Longest time of the whole stream; in ms. */
  totalMs: number;
  /** In characters. */
  longestLine: number;
}

/**
 * Reads a stream of JSON documents, one per line, until it ends.
 * @throws RuntimeError of kind `platform` if the stream falls silent, lasts too long or is malformed
 */
export async function eachJsonLine<T>(
  stream: Readable,
  onLine: (line: T) => void,
  { silenceMs, totalMs, longestLine }: LineLimits,
): Promise<void> {
  const end = (why: string) => () => void stream.destroy(new RuntimeError('platform', `the Docker Engine ${why}`));
  const silence = setTimeout(end(`has sent nothing for ${silenceMs / 1000} s`), silenceMs);
  const total = setTimeout(end(`did not end its answer within ${totalMs / 1000} s`), totalMs);
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      silence.refresh();
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      if (rest.length > longestLine)
        throw new RuntimeError('platform', `the Docker Engine sent a line of more than ${longestLine} characters`);
      for (const line of lines) if (line.trim() !== '') onLine(parse<T>(line));
    }
  } finally {
    clearTimeout(silence);
    clearTimeout(total);
    stream.destroy();
  }
}

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new RuntimeError('platform', 'the Docker Engine sent a line that is not JSON');
  }
}
