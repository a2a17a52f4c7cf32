import { mkdirSync, renameSync, writeFileSync, lstatSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { underLock } from '../../guard/file-lock';
import { BadRequest } from '../../temporal/errors';

/** The servers that this user has logged in at, in a file that only the user may read. */

/** A login at a server. */
export interface Context {
  /** Origin of the server. */
  server: string;
  /** An API token, or that of a session. */
  token: string;
  /** Of a session: gives the next token. */
  refreshToken?: string;
  /** Of a session: when the token ends, in ms since the epoch. */
  expiresAt?: number;
}

export interface Contexts {
  /** Name of the context that commands use. */
  current?: string;
  contexts: Record<string, Context>;
}

const largest = 1024 * 1024;
const ownOnly = 0o077;

export function contextsFile(): string {
  return join(folder(), 'contexts.json');
}

function folder(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'deploy-code');
}

/** What is stored. @throws BadRequest if the file is not usable, or others can read it */
export function readContexts(): Contexts {
  const file = contextsFile();
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) return { contexts: {} };
  if (!found.isFile() || found.size > largest) throw unusable(file);
  if ((found.mode & ownOnly) !== 0)
    throw new BadRequest(`${file} holds tokens, and others can read it; run \`chmod 600 ${file}\``);
  try {
    return checked(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw unusable(file, error);
  }
}

/** Changes what is stored; one process at a time. Resolves with what `change` returns. */
export async function changeContexts<T>(change: (contexts: Contexts) => T | Promise<T>): Promise<T> {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  const file = contextsFile();
  return underLock(`${file}.lock`, async () => {
    const contexts = readContexts();
    const result = await change(contexts);
    const next = `${file}.${randomUUID()}`;
    writeFileSync(next, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(next, file);
    return result;
  });
}

function checked(value: unknown): Contexts {
  const { current, contexts } = value as Partial<Contexts>;
  const isContext = (each: unknown) =>
    typeof (each as Context)?.server === 'string' && typeof (each as Context).token === 'string';
  if (typeof contexts !== 'object' || contexts === null || !Object.values(contexts).every(isContext))
    throw new Error('it holds no contexts');
  return { contexts, ...(typeof current === 'string' && Object.hasOwn(contexts, current) && { current }) };
}

function unusable(file: string, cause?: unknown): BadRequest {
  return new BadRequest(`${file} is damaged; remove it, and log in again with \`deploy-code login\``, { cause });
}
