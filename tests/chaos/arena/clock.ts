import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { downloadPackage } from '../../support/debian-package';

const cache = resolve('.deploy-code', 'cache', 'faketime');

/** The time of day as one process sees it, through a library that Debian ships (libfaketime). */
export class Clock {
  private readonly file: string;

  private constructor(
    private readonly library: string,
    folder: string,
  ) {
    this.file = join(folder, 'clock');
    this.set(0);
  }

  /** Undefined where this machine has no such library. */
  static find(folder: string): Clock | undefined {
    const library = unpacked();
    return library === undefined ? undefined : new Clock(library, folder);
  }

  /** Has the package unpacked, not installed, where it can be had. */
  static prepare(): void {
    if (unpacked() !== undefined) return;
    mkdirSync(cache, { recursive: true });
    try {
      downloadPackage('libfaketime', cache);
    } catch {
      return;
    }
    execFileSync('dpkg', ['-x', readdirSync(cache).find((file) => file.endsWith('.deb'))!, '.'], { cwd: cache });
  }

  /**
   * What a process has to be started with. Clocks that measure durations are left alone, as they are by any
   * administrator.
   */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: this.library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Seconds by which the time of day is wrong from now on. */
  set(offsetSeconds: number): void {
    writeFileSync(this.file, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}s\n`);
  }
}

function unpacked(): string | undefined {
  if (!existsSync(cache)) return undefined;
  const file = readdirSync(cache, { recursive: true, encoding: 'utf8' }).find((each) =>
    each.endsWith('/libfaketime.so.1'),
  );
  return file && join(cache, file);
}
