import { open, readFile } from 'node:fs/promises';
import type { AuditHead } from '../../model/audit';
import type { Seal } from './seal';

interface Anchored {
  at: string;
  trail: string;
  sequence: number;
  hash: string;
  key: string;
  mac: string;
}

/**
 * Appends the signed end of every trail to a file elsewhere: on another disk, or collected by somebody else. Rewriting
 * a trail unnoticed then requires rewriting this file too.
 */
export class Anchor {
  constructor(
    private readonly file: string,
    private readonly seal: Seal,
  ) {}

  /** Synced to disk when it resolves. */
  async add(trail: string, { sequence, hash }: Pick<AuditHead, 'sequence' | 'hash'>): Promise<void> {
    const line: Anchored = {
      at: new Date().toISOString(),
      trail,
      sequence,
      hash,
      ...this.seal.mark(anchorOf(trail, sequence), hash),
    };
    const handle = await open(this.file, 'a', 0o600);
    try {
      await handle.appendFile(`${JSON.stringify(line)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** The anchors of a trail whose MAC is valid under the worker's key. */
  async read(trail: string): Promise<Pick<AuditHead, 'sequence' | 'hash'>[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    const lines = text
      .split('\n')
      .flatMap(parse)
      .filter((line) => line.trail === trail);
    return lines.filter(({ sequence, hash, key, mac }) =>
      this.seal.proves(anchorOf(trail, sequence), hash, { key, mac }),
    );
  }
}

function anchorOf(trail: string, sequence: number): string {
  return `anchor of ${trail} at ${sequence}`;
}

/** Skips truncated and foreign lines, which prove nothing. */
function parse(line: string): Anchored[] {
  try {
    const parsed = JSON.parse(line) as Partial<Anchored> | null;
    return typeof parsed?.hash === 'string' &&
      typeof parsed.mac === 'string' &&
      typeof parsed.key === 'string' &&
      Number.isInteger(parsed.sequence)
      ? [parsed as Anchored]
      : [];
  } catch {
    return [];
  }
}
