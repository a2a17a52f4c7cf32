import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadStack, type Stack } from '../../src/config';

/** A stack file of the given text or data, in a folder of its own. */
export function writeStack(content: string | object, name = 'deploy-code.yaml'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-stack-')), name);
  writeFileSync(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

/** Where the files of `stackOf` lie, one after the other, by user: some tests read hundreds, some as somebody else. */
const scratch = new Map<number | undefined, string>();

/** The stack of a file with that content; its environment variables are those given. */
export function stackOf(content: string | object, variables: Record<string, string> = {}): Stack {
  const user = process.geteuid?.();
  const folder = scratch.get(user) ?? mkdtempSync(join(tmpdir(), 'deploy-code-stack-'));
  scratch.set(user, folder);
  const file = join(folder, 'deploy-code.yaml');
  writeFileSync(file, typeof content === 'string' ? content : stringify(content));
  return loadStack({ file, variables, shell: {} }).stack;
}

/** A stack name that no other test uses; suites may share a process. */
export function uniqueName(base: string): string {
  return `${base}-${process.pid}-${randomBytes(3).toString('hex')}`;
}
