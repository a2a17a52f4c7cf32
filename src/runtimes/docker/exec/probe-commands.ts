import { createHash } from 'node:crypto';
import { RuntimeError, type ExecResult } from '../../runtime';
import type { DockerConnection } from '../api/connection';
import { CommandLeft, exec } from '.';

/**
 * Probes by command: at most one process of a probe at any time in a container, however many ask, and however long one
 * hangs.
 */
export class ProbeCommands {
  private readonly running = new Map<string, Promise<ExecResult>>();
  private readonly left = new Map<string, CommandLeft>();

  constructor(private readonly connection: DockerConnection) {}

  /** Who asks while a probe runs gets the result of that one. */
  run(id: string, command: string[], timeoutMs: number): Promise<ExecResult> {
    const key = createHash('sha256')
      .update(JSON.stringify([id, command]))
      .digest('hex')
      .slice(0, 32);
    const known = this.running.get(key);
    if (known) return known;
    const result = this.begin(key, id, command, timeoutMs).finally(() => this.running.delete(key));
    this.running.set(key, result);
    return result;
  }

  /** The key is the mark, too: what a worker that died has left behind is ended with the next one that hangs. */
  private async begin(key: string, id: string, command: string[], timeoutMs: number): Promise<ExecResult> {
    const before = this.left.get(key);
    if (before && !(await before.isOver().catch(isGone)))
      throw new RuntimeError('software', 'the probe before this one did not end, and still runs');
    this.left.delete(key);
    try {
      return await exec(this.connection, id, command, timeoutMs, key);
    } catch (error) {
      if (error instanceof CommandLeft) this.left.set(key, error);
      throw error;
    }
  }
}

/** The engine has forgotten the command, with its container as a rule. */
function isGone(error: unknown): boolean {
  if (error instanceof RuntimeError && error.kind === 'missing') return true;
  throw error;
}
