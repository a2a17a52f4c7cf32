import { constants } from 'node:fs';
import { access, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditEntry, AuditHead, AuditRecord } from '../../model/audit';
import { requireName } from '../../model/names';
import { withinDeadline } from '../../guard/deadline';
import { auditFolderRefusal } from '../../policy';
import type { AuditPlace } from '../contract';
import type { Dependencies } from '../dependencies';
import { unless } from '../../guard/regular-file';
import { makeFolders, openPlain, readPlain } from './plain-file';
import { examine, type Proof } from './proof';
import type { Trail } from './trail';
import { TrailFile } from './trail-file';

/** Free disk space in bytes. A record takes about 500. */
const leastFree = 64 * 1024;
/** Timeout for the folder of a stack file, which may be on a remote disk and locked by others. */
const elsewhereMs = 10_000;

/**
 * The trails of a worker: in its database, or in its own data folder. A stack file can only request a copy elsewhere.
 */
export class AuditTrails {
  constructor(private readonly dependencies: Pick<Dependencies, 'dataDir' | 'auditDatabase' | 'audit' | 'rules'>) {}

  /** `troubles`: problems after the record was written. */
  async append(about: AuditPlace, entry: AuditEntry): Promise<AuditRecord & { troubles: string[] }> {
    await this.adoptFormer(about);
    const trail = this.trailOf(about);
    const record = await trail.append(entry);
    const troubles = await Promise.all([this.anchor(about, record), this.copy(about, trail)]);
    return { ...record, troubles: troubles.flat() };
  }

  async examine(about: AuditPlace, known: AuditHead | undefined): Promise<Proof & { records: AuditRecord[] }> {
    await this.adoptFormer(about);
    const records = await this.trailOf(about).read();
    const anchored = await this.dependencies.audit.anchor?.read(nameOf(about));
    return { records, ...examine(nameOf(about), records, this.dependencies.audit.seal, { known, anchored }) };
  }

  /** @throws Error if no record can be written now */
  async requireWritable(about: AuditPlace): Promise<void> {
    if (this.dependencies.auditDatabase) return this.dependencies.auditDatabase.requireReachable();
    await this.adoptFormer(about);
    const file = this.fileOf(this.dependencies.dataDir, about);
    await makeFolders(file);
    await (await openPlain(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)).close();
    const { bavail, bsize } = await statfs(dirname(file));
    if (bavail * bsize < leastFree) throw new Error(`the disk of ${dirname(file)} is full`);
  }

  private trailOf(about: AuditPlace): Trail {
    const { auditDatabase, dataDir, audit } = this.dependencies;
    const mark = (hash: string) => audit.seal.mark(nameOf(about), hash);
    return (
      auditDatabase?.trailOf(about.stack, about.environment, mark) ?? new TrailFile(this.fileOf(dataDir, about), mark)
    );
  }

  private fileOf(folder: string, { stack, environment }: AuditPlace): string {
    return join(folder, 'audit', requireName('stack', stack), `${requireName('environment', environment)}.jsonl`);
  }

  /**
   * Copies a trail of an earlier version, which was only in the folder of its stack file, to the worker's own folder.
   */
  private async adoptFormer(about: AuditPlace): Promise<void> {
    if (about.folder === undefined || this.dependencies.auditDatabase) return;
    const [own, former] = [this.fileOf(this.dependencies.dataDir, about), this.fileOf(about.folder, about)];
    if (own === former || (await exists(own)) || (await this.refusal(about)) !== undefined) return;
    const records = await withinDeadline(elsewhereMs, () => readPlain(former)).catch(unlessRefused);
    if (records === undefined) return;
    await makeFolders(own);
    await unless('EEXIST', writeFile(own, records, { flag: 'wx', mode: 0o600 }));
  }

  /** Plans are checked before, but the folder of a message is not. */
  private async refusal({ folder, stack, environment }: AuditPlace): Promise<string | undefined> {
    return folder === undefined
      ? undefined
      : auditFolderRefusal(folder, this.dependencies.rules.policy, { stack, environment });
  }

  private async anchor(about: AuditPlace, record: AuditRecord): Promise<string[]> {
    const added = this.dependencies.audit.anchor?.add(nameOf(about), record) ?? Promise.resolve();
    return added.then(
      () => [],
      (error: Error) => [`the anchor file cannot be written: ${error.message}`],
    );
  }

  private async copy(about: AuditPlace, trail: Trail): Promise<string[]> {
    const { folder } = about;
    if (folder === undefined || this.dependencies.auditDatabase || folder === this.dependencies.dataDir) return [];
    const refused = await this.refusal(about);
    if (refused !== undefined) return [refused];
    const elsewhere = new TrailFile(this.fileOf(folder, about), () => {
      throw new Error('a copy only receives records of its trail');
    });
    const copied = withinDeadline(elsewhereMs, async (signal) => elsewhere.copy(await trail.read(), signal));
    const troubleOf = ({ message }: Error) => [
      `the copy of the audit trail in ${folder} cannot be written: ${message}`,
    ];
    return copied.then(() => [], troubleOf);
  }
}

function nameOf({ stack, environment }: AuditPlace): string {
  return `${stack}/${environment}`;
}

/**
 * A trail that the system does not let the worker read counts as absent. A link or a pipe was placed there by somebody,
 * and is an error.
 */
function unlessRefused(error: NodeJS.ErrnoException): undefined {
  if (error.code === undefined) throw error;
  return undefined;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
