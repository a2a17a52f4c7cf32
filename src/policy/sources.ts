import { constants, type Stats } from 'node:fs';
import { open, readlink, stat, statfs } from 'node:fs/promises';
import type { SecretSource, VaultAddress } from '../model/instance';
import { ownVariables } from './own-files';
import { follow, isAllowedIn, isWithin } from './paths';
import { matchesAny, type Place } from './patterns';
import type { Policy } from './schema';

/** Maximum size of a secret file in bytes, the same as that of a Secret on Kubernetes. */
export const largestSource = 1024 * 1024;

/** Types of the kernel's virtual file systems: /proc, /sys, and the file systems below them. */
const kernelFileSystems = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb, 0x63677270, 0x1cd1]);
const engineFolder = /(^|\/)\.deploy-code(\/|$)/;

/** A source that is not allowed or not usable. The message follows the name of the secret. */
export class SourceRefused extends Error {}

const sharedMs = 1000;

type FileKind = 'files' | 'env_files';

/** Checks which files, variables and Vault paths stacks may use as secrets, and reads the files. */
export class SourceRules {
  private followed?: { until: number; paths: Promise<string[]> };

  /** `own`: the paths of {@link ownFiles}. */
  constructor(
    private readonly policy: Policy,
    private readonly own: readonly string[],
  ) {}

  /** @throws SourceRefused with the rule */
  async check(source: SecretSource, place: Place | undefined): Promise<void> {
    if ('file' in source) return this.checkFile(source.file, 'files', place);
    if ('sealed' in source) return;
    if ('vault' in source) return this.checkVault(source.vault, place);
    this.checkVariable(source.environment, place);
  }

  /** @throws SourceRefused with the rule */
  async checkFile(file: string, kind: FileKind, place: Place | undefined): Promise<void> {
    const allowed = this.policy.secrets?.[kind];
    if (file.includes('\0')) throw new SourceRefused('the path of the file contains a NUL character; remove it');
    if (allowed && !(await isAllowedIn(allowed, file, place))) {
      throw new SourceRefused(
        `the worker's policy does not allow ${file} as a source of secrets (rule secrets.${kind})`,
      );
    }
    await this.refuseOwn(file, await follow(file));
  }

  /**
   * Reads a file that passes {@link checkFile}.
   * @throws SourceRefused with the rule, or an error of the file system
   */
  async read(file: string, kind: FileKind, place: Place | undefined): Promise<Buffer> {
    await this.checkFile(file, kind, place);
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new SourceRefused(`${file} is not a regular file; name one`);
      await this.refuseSame(file, status);
      const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
      if (opened !== undefined) await this.checkFile(opened, kind, place);
      return await readWhole(file, handle);
    } finally {
      await handle.close();
    }
  }

  private checkVariable(variable: string, place: Place | undefined): void {
    if (ownVariables.test(variable)) {
      throw new SourceRefused(
        `the variable ${variable} is reserved for the worker, and cannot be a secret ` +
          'of a stack; put the value into another variable',
      );
    }
    const { environment } = this.policy.secrets ?? {};
    if (!environment || matchesAny(environment, variable, place)) return;
    throw new SourceRefused(
      `the worker's policy does not allow the variable ${variable} as a secret (rule secrets.environment)`,
    );
  }

  private checkVault({ mount, path }: VaultAddress, place: Place | undefined): void {
    const full = `${mount}/${path}`;
    const isPlain =
      full.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !/[?#%\\\0]/.test(full);
    if (!isPlain) throw new SourceRefused(`${full} is not a path of Vault; write names separated by single slashes`);
    const { vault } = this.policy.secrets ?? {};
    if (!vault || matchesAny(vault, full, place)) return;
    throw new SourceRefused(
      `the worker's policy does not allow this stack to read ${full} in Vault (rule secrets.vault)`,
    );
  }

  /** Refuses files of the worker and the machine, by their real path and by their file system. */
  private async refuseOwn(file: string, real: string): Promise<void> {
    const isOwn = engineFolder.test(real) || (await this.ownPaths()).some((each) => isWithin(each, real));
    if (isOwn)
      throw new SourceRefused(
        `${file} belongs to the machine or to the engine (${real}), and cannot be a secret of a stack`,
      );
    const { type } = await statfs(real).catch(() => ({ type: 0 }));
    if (kernelFileSystems.has(type))
      throw new SourceRefused(`${file} is a virtual file of the kernel, and cannot be a secret of a stack`);
  }

  /** Both as written and with links followed. Cached shortly, because a plan checks the secrets of all services. */
  private ownPaths(): Promise<string[]> {
    if (!this.followed || Date.now() > this.followed.until) {
      const paths = Promise.all(this.own.map((file) => follow(file))).then((followed) => [...this.own, ...followed]);
      this.followed = { until: Date.now() + sharedMs, paths };
    }
    return this.followed.paths;
  }

  /** Detects hard links and bind mounts of files: these have another path, but the same inode. */
  private async refuseSame(file: string, { dev, ino }: Stats): Promise<void> {
    const forbidden = await Promise.all(this.own.map((each) => stat(each).catch(() => undefined)));
    if (!forbidden.some((each) => each?.isFile() && each.dev === dev && each.ino === ino)) return;
    throw new SourceRefused(
      `${file} is a file of the machine or of the engine under another name, and cannot be a secret of a stack`,
    );
  }
}

async function readWhole(file: string, handle: Awaited<ReturnType<typeof open>>): Promise<Buffer> {
  const bytes = Buffer.alloc(largestSource + 1);
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, size, bytes.length - size, size);
    if (bytesRead === 0) return Buffer.from(bytes.subarray(0, size));
    size += bytesRead;
    if (size > largestSource)
      throw new SourceRefused(
        `${file} is larger than 1 MiB, the limit for secrets; put the data into an image or a volume`,
      );
  }
}
