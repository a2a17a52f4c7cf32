import { unwatchFile, watchFile } from 'node:fs';
import type { AccessConfig } from '../../../config/access';
import { emptyAccess } from '../../../config/access/config';
import { complain, say } from '../../output/terminal';

const lookEveryMs = 2000;

/** The access file of a server that runs. */
export interface WatchedAccess {
  /** What it declares now. */
  current(): AccessConfig;
  stop(): void;
}

/**
 * Reads the access file, and reads it again when it changes. While the new one is not valid, the old one counts.
 * @throws StackFileError if it is not valid at the start
 */
export function watchAccess(file: string | undefined): WatchedAccess {
  if (file === undefined) return { current: () => emptyAccess, stop: () => undefined };
  // Loaded only when it is needed: it depends on the schema library.
  const { readAccess } = require('../../../config/access') as typeof import('../../../config/access');
  let access = readAccess(file);
  const read = () => {
    try {
      const next = readAccess(file);
      if (next.externalUrl !== access.externalUrl) complain(`${file}: external_url counts from the next start`);
      unwatch(access.files);
      access = next;
      watch(access.files);
      say(`${file} was read again`);
    } catch (error) {
      complain(`${file} is not valid, and what it declared before stays:\n${(error as Error).message}`);
    }
  };
  const watch = (files: string[]) =>
    files.forEach((each) => watchFile(each, { interval: lookEveryMs, persistent: false }, read));
  const unwatch = (files: string[]) => files.forEach((each) => unwatchFile(each, read));
  watch(access.files);
  return { current: () => access, stop: () => unwatch(access.files) };
}
