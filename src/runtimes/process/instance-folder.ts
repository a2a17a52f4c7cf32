import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigFile, InstanceSpec, RestartPolicy, SecretFile } from '../../model/instance';
import { RuntimeError } from '../runtime';
import type { ProcessIdentity } from '../../guard/process-identity';

/** State of an instance, written by its supervisor. */
export interface ProcessState {
  state: 'created' | 'running' | 'restarting' | 'exited';
  supervisor?: ProcessIdentity;
  child?: ProcessIdentity;
  /** Marks the environment of the child and its descendants, until the supervisor has ended them. */
  mark?: string;
  exitCode?: number;
  /** Exit code of the previous run. */
  lastExit?: number;
  restarts: number;
  startedAt?: number;
}

/** The folder of an instance: spec, state, restart policy, logs and files. The spec contains no secrets. */
export class InstanceFolder {
  constructor(readonly path: string) {}

  get log(): string {
    return join(this.path, 'output.log');
  }

  get files(): string {
    return join(this.path, 'files');
  }

  create(spec: InstanceSpec, secrets: readonly SecretFile[]): void {
    mkdirSync(this.files, { recursive: true, mode: 0o700 });
    for (const file of spec.files) this.put(nameOf(file.path).replace(/^_/, ''), file);
    this.putSecrets(secrets);
    this.writePolicy(spec.restart);
    this.writeState({ state: 'created', restarts: 0 });
    this.write('spec.json', JSON.stringify(spec));
  }

  putSecrets(files: readonly SecretFile[]): void {
    for (const file of files) this.put(nameOf(file.path.replace(/^\/run\/secrets\//, '')), file);
  }

  /** Replaces an earlier file atomically, even a read-only one. */
  private put(name: string, { path, content, mode, uid, gid }: ConfigFile | SecretFile): void {
    const temporary = join(this.path, `.file.${randomUUID()}`);
    writeFileSync(temporary, content, { mode: 0o600 });
    changeOwner(temporary, path, uid, gid);
    chmodSync(temporary, mode);
    renameSync(temporary, join(this.files, name));
  }

  /** Undefined while the folder is incomplete: the spec is written last. */
  spec(): InstanceSpec | undefined {
    return this.readJson<InstanceSpec>('spec.json');
  }

  state(): ProcessState {
    return this.readJson<ProcessState>('state.json') ?? { state: 'created', restarts: 0 };
  }

  writeState(state: ProcessState): void {
    this.write('state.json', JSON.stringify(state));
  }

  policy(): RestartPolicy {
    return this.readJson<RestartPolicy>('policy.json') ?? 'no';
  }

  writePolicy(policy: RestartPolicy): void {
    this.write('policy.json', JSON.stringify(policy));
  }

  /** Atomic, even if the process dies during the write. */
  private write(name: string, text: string): void {
    const temporary = join(this.path, `.${name}.${process.pid}`);
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, join(this.path, name));
  }

  private readJson<T>(name: string): T | undefined {
    try {
      return JSON.parse(readFileSync(join(this.path, name), 'utf8')) as T;
    } catch {
      return undefined;
    }
  }
}

/** All files of an instance are in one folder, regardless of their paths. */
function nameOf(path: string): string {
  return path.replaceAll('/', '_');
}

/** Changes the owner of a file, which requires root. */
function changeOwner(file: string, path: string, uid: number | undefined, gid: number | undefined): void {
  if (uid === undefined && gid === undefined) return;
  try {
    const own = statSync(file);
    if ((uid ?? own.uid) !== own.uid || (gid ?? own.gid) !== own.gid) chownSync(file, uid ?? own.uid, gid ?? own.gid);
  } catch (error) {
    rmSync(file, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    throw new RuntimeError(
      'software',
      `${path}: the worker's user cannot change its owner to ${uid ?? ''}:${gid ?? ''}; ` +
        'remove uid and gid, or run the worker as root',
    );
  }
}
