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

/** The stack of a file with that content; its environment variables are those given. */
export function stackOf(content: string | object, variables: Record<string, string> = {}): Stack {
  return loadStack({ file: writeStack(content), variables, shell: {} }).stack;
}

let counter = 0;

/** A stack name that no other test of this process uses. */
export function uniqueName(base: string): string {
  counter += 1;
  return `${base}-${process.pid}-${counter}`;
}
