import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Without a byte for this time, the download has failed; its whole duration has no limit. */
const stalledMs = 30_000;
const megabyte = 1_000_000;
/** Shares of the file after which its progress is reported. */
const everyPercent = 20;

export interface DownloadOptions {
  say: (text: string) => void;
  signal?: AbortSignal;
}

/** Downloads a file, and reports its progress. @throws Error if the server does not deliver it */
export async function download(url: string, target: string, { say, signal }: DownloadOptions): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`no data for ${stalledMs / 1000} s`)), stalledMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]) });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const report = reporter(Number(response.headers.get('content-length')), say);
    const watch = new Transform({
      transform: (chunk: Buffer, _, done) => {
        timer.refresh();
        report(chunk.length);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as never), watch, createWriteStream(target));
  } finally {
    clearTimeout(timer);
  }
}

/** Reports shares of a known size; says nothing of an unknown one. */
function reporter(size: number, say: (text: string) => void): (bytes: number) => void {
  let received = 0;
  let reported = 0;
  return (bytes) => {
    received += bytes;
    const percent = size > 0 ? Math.floor((received / size) * 100) : 0;
    if (percent < reported + everyPercent) return;
    reported = percent;
    say(`  ${percent} % of ${Math.max(1, Math.round(size / megabyte))} MB`);
  };
}
