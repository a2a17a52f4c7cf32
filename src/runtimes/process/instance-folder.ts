import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceSpec, RestartPolicy } from '../../model/instance';
import type { ProcessIdentity } from './identity';

/** What a supervisor says of its instance. */
export interface ProcessState {
  state: 'created' | 'running' | 'restarting' | 'exited';
  supervisor?: ProcessIdentity;
  child?: ProcessIdentity;
  exitCode?: number;
  /** Exit code of the run before this one. */
  lastExit?: number;
  restarts: number;
  startedAt?: number;
}

/** The folder of one instance: its spec, state, restart policy, logs and files. Secrets are never written into the spec. */
export class InstanceFolder {
  constructor(readonly path: string) {}

  get log(): string {
    return join(this.path, 'output.log');
  }

  get files(): string {
    return join(this.path, 'files');
  }

  create(spec: InstanceSpec): void {
    mkdirSync(this.files, { recursive: true, mode: 0o700 });
    for (const { path, content, mode } of spec.files) writeFileSync(join(this.files, path.replaceAll('/', '_').replace(/^_/, '')), content, { mode });
    this.writePolicy(spec.restart);
    this.writeState({ state: 'created', restarts: 0 });
    this.write('spec.json', JSON.stringify(spec));
  }

  /** Undefined while the folder is not complete: the spec is written last. */
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

  /** Whole or not at all, whoever dies in between. */
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
