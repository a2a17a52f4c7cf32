import type { Readable } from 'node:stream';
import { RuntimeError } from '../../runtime';

export interface LineLimits {
  /** Between two pieces of the stream; in ms. */
  silenceMs: number;
  /** For the whole stream; in ms. */
  totalMs: number;
  /** Characters of a line. */
  longestLine: number;
}

/**
 * Reads the JSON documents of a stream, one a line, until it ends.
 * @throws RuntimeError of kind `platform` where the stream falls silent, lasts too long or is no such stream
 */
export async function eachJsonLine<T>(
  stream: Readable,
  onLine: (line: T) => void,
  { silenceMs, totalMs, longestLine }: LineLimits,
): Promise<void> {
  const end = (why: string) => () => void stream.destroy(new RuntimeError('platform', `the Docker Engine ${why}`));
  const silence = setTimeout(end(`has said nothing for ${silenceMs / 1000} s`), silenceMs);
  const total = setTimeout(end(`does not come to an end (not within ${totalMs / 1000} s)`), totalMs);
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      silence.refresh();
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      if (rest.length > longestLine)
        throw new RuntimeError('platform', `the Docker Engine sends a line of more than ${longestLine} characters`);
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
    throw new RuntimeError('platform', 'the Docker Engine sends a line that is not JSON');
  }
}
