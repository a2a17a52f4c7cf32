import type { Command } from 'commander';
import { addExec } from './exec';
import { addHistory } from './history';
import { addLogs } from './logs';
import { addStatus } from './status';

/** Adds the commands that show deployments and instances, and `exec`. */
export function addViews(program: Command): void {
  addStatus(program);
  addHistory(program);
  addLogs(program);
  addExec(program);
}
