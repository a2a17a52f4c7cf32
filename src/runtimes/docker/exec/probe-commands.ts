import { createHash } from 'node:crypto';
import { RuntimeError, type ExecResult } from '../../runtime';
import type { DockerConnection } from '../api/connection';
import { CommandLeft, exec } from '.';

/** Runs probes by command, at most one process per probe and container at a time, also if one hangs. */
export class ProbeCommands {
  private readonly running = new Map<string, Promise<ExecResult>>();
  private readonly left = new Map<string, CommandLeft>();

  constructor(private readonly connection: DockerConnection) {}

  /** A call during a running probe shares its result. */
  run(id: string, command: string[], timeoutMs: number): Promise<ExecResult> {
    const key = createHash('sha256')
      .update(JSON.stringify([id, command]))
      .digest('hex')
      .slice(0, 32);
    const running = this.running.get(key);
    if (running) return running;
    const result = this.begin(key, id, command, timeoutMs).finally(() => this.running.delete(key));
    this.running.set(key, result);
    return result;
  }

  /** The key is also the mark: a probe that a dead worker left behind is killed with the next one that hangs. */
  private async begin(key: string, id: string, command: string[], timeoutMs: number): Promise<ExecResult> {
    const previous = this.left.get(key);
    if (previous && !(await previous.isOver().catch(isGone)))
      throw new RuntimeError('software', 'the previous probe has not ended and still runs');
    this.left.delete(key);
    try {
      return await exec(this.connection, id, command, timeoutMs, key);
    } catch (error) {
      if (error instanceof CommandLeft) this.left.set(key, error);
      throw error;
    }
  }
}

/** True if the engine no longer knows the command, usually because its container was removed. */
function isGone(error: unknown): boolean {
  if (error instanceof RuntimeError && error.kind === 'missing') return true;
  throw error;
}
