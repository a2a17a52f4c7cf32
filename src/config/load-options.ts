import type { SealingValues } from '../model/instance';
import type { Stack } from '../model/stack';
import type { ImageBuild } from './image-build';
import type { Problem } from './problems';

/** What to read, and with which values. */
export interface LoadOptions {
  /**
   * The stack file, or a Compose file; default `deploy-code.yaml` in the working folder, else its Compose file. Several
   * files override each other in their order.
   */
  file?: string | readonly string[];
  /** `-e`: also the overlay `<file>.<environment>.yaml` where it exists. */
  environment?: string;
  /** `--set`. */
  variables?: Record<string, string>;
  /** `--secret`: values of `${VAR}` that are sealed, whatever the variable is called. They win over all others. */
  secrets?: Record<string, string | Uint8Array>;
  /** Names of the secrets that are stored for the environment; absent: they are not known. */
  stored?: readonly string[];
  /** `--image service=reference`. */
  images?: Record<string, string>;
  /** Values of `${VAR}` without `--set`; default the environment of the process. */
  shell?: Record<string, string | undefined>;
  /** Active profiles of a Compose file; default `COMPOSE_PROFILES`. */
  profiles?: readonly string[];
  /** Env files with values of `${VAR}`, below the shell; for a Compose file instead of its `.env`. */
  envFiles?: readonly string[];
  /** The caller needs only name, environment and runtime of the stack: unset variables are no problem. */
  placeOnly?: boolean;
}

/** A valid stack, its warnings, and the positions of its keys. */
export interface LoadedStack {
  /** The files that were read, the first one first. */
  files: string[];
  stack: Stack;
  /** Values of credentials, to be sealed when the stack is sent: they are not in the stack. */
  sealing: SealingValues;
  /** Images to build before the stack is deployed, by service. */
  builds: Record<string, ImageBuild>;
  /** Variables without a value, also those with a default, and secrets that have to be stored. */
  missing: string[];
  /** Probable mistakes, which do not fail validation. */
  warnings: Problem[];
  /** The file as it is read: overrides, variables and Compose spellings applied, credentials as `***`. */
  document: () => unknown;
  /** Makes a problem with the file, line and column of a path. */
  problem: (path: (string | number)[], message: string) => Problem;
}
