import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallationKeys } from './installation-key';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
/** Number of values; the oldest are dropped first. */
const mostKept = 5000;

/**
 * Secrets that workers with this data folder have read. An earlier value stays masked after a rotation, because
 * containers that were started with it may run for months. One file per value, encrypted with the installation's key
 * (earlier ones with a former key) and named by a keyed hash.
 */
export class RememberedValues {
  private readonly folder: string;
  private readonly key: Buffer;
  /** The first encrypts. */
  private readonly encryptionKeys: readonly Buffer[];
  private readonly known = new Set<string>();
  private seenAt = -1;

  constructor(dataDir: string, keys: InstallationKeys) {
    [this.key] = keys;
    this.folder = join(dataDir, 'masks');
    this.encryptionKeys = keys.map((key) =>
      Buffer.from(hkdfSync('sha256', key, '', 'deploy-code remembered secrets', 32)),
    );
  }

  /** Values that any worker has added since the last call. */
  fresh(): Buffer[] {
    const changedAt = modifiedAt(this.folder);
    if (changedAt === this.seenAt) return [];
    this.seenAt = changedAt;
    const names = readdirSync(this.folder).filter((name) => /^[0-9a-f]{64}$/.test(name) && !this.known.has(name));
    return names.flatMap((name) => {
      this.known.add(name);
      return this.decrypt(name) ?? [];
    });
  }

  /** Write errors are ignored, as a full data folder must not stop deployments: this worker still knows the value. */
  add(value: Uint8Array): void {
    const name = createHmac('sha256', this.key).update('mask\0').update(value).digest('hex');
    if (this.known.has(name)) return;
    this.known.add(name);
    try {
      this.write(name, value);
    } catch {
      return;
    }
  }

  private write(name: string, value: Uint8Array): void {
    const file = join(this.folder, name);
    if (modifiedAt(file) >= 0) {
      utimesSync(file, new Date(), new Date());
      return;
    }
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.folder, `.${name}.${process.pid}`);
    writeFileSync(temporary, this.encrypt(name, value), { mode: 0o600 });
    renameSync(temporary, file);
    this.dropOldest();
  }

  private dropOldest(): void {
    const names = readdirSync(this.folder);
    if (names.length <= mostKept) return;
    const byAge = names.map((name) => ({ name, at: modifiedAt(join(this.folder, name)) })).sort((a, b) => a.at - b.at);
    for (const { name } of byAge.slice(0, names.length - mostKept)) rmSync(join(this.folder, name), { force: true });
  }

  private encrypt(name: string, value: Uint8Array): Buffer {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.encryptionKeys[0]!, iv).setAAD(Buffer.from(name));
    const hidden = Buffer.concat([cipher.update(value), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), hidden]);
  }

  /** Undefined if the file is incomplete, or encrypted with another key. */
  private decrypt(name: string): Buffer | undefined {
    try {
      const bytes = readFileSync(join(this.folder, name));
      return this.encryptionKeys.map((key) => opened(name, bytes, key)).find((value) => value !== undefined);
    } catch {
      return undefined;
    }
  }
}

function opened(name: string, bytes: Buffer, key: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    }).setAAD(Buffer.from(name));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** In ms since the epoch; -1 if it does not exist. */
function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}
