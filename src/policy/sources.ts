import { constants, type Stats } from 'node:fs';
import { open, readlink, stat, statfs } from 'node:fs/promises';
import type { SecretSource, VaultAddress } from '../model/instance';
import { ownVariables } from './own-files';
import { follow, isAllowedIn, isWithin } from './paths';
import { matchesAny, type Place } from './patterns';
import type { Policy } from './schema';

/** In bytes. Kubernetes takes no larger secret, and no key, token or certificate comes near. */
export const largestSource = 1024 * 1024;

/** What the kernel makes up as it is read: /proc, /sys, and the file systems below them. */
const kernelFileSystems = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb, 0x63677270, 0x1cd1]);
const engineFolder = /(^|\/)\.deploy-code(\/|$)/;

/** A source that may not be used, or cannot: the sentence after the secret's name. */
export class SourceRefused extends Error {}

const sharedMs = 1000;

type FileKind = 'files' | 'env_files';

/** Which files, variables and paths of Vault stacks may name as secrets, and how files are read. */
export class SourceRules {
  private followed?: { until: number; paths: Promise<string[]> };

  /** `own`: what {@link ownFiles} names. */
  constructor(
    private readonly policy: Policy,
    private readonly own: readonly string[],
  ) {}

  /** @throws SourceRefused with the rule */
  async check(source: SecretSource, place: Place | undefined): Promise<void> {
    if ('file' in source) return this.checkFile(source.file, 'files', place);
    if ('vault' in source) return this.checkVault(source.vault, place);
    this.checkVariable(source.environment, place);
  }

  /** @throws SourceRefused with the rule */
  async checkFile(file: string, kind: FileKind, place: Place | undefined): Promise<void> {
    const allowed = this.policy.secrets?.[kind];
    if (file.includes('\0')) throw new SourceRefused('the path of a file has no zero byte');
    if (allowed && !(await isAllowedIn(allowed, file, place))) {
      throw new SourceRefused(`the worker's policy does not let a secret come from ${file} (rule secrets.${kind})`);
    }
    await this.refuseOwn(file, await follow(file));
  }

  /**
   * The bytes of a file that passes {@link checkFile}.
   * @throws SourceRefused with the rule, or an error of the file system
   */
  async read(file: string, kind: FileKind, place: Place | undefined): Promise<Buffer> {
    await this.checkFile(file, kind, place);
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new SourceRefused(`${file} is no plain file; name one`);
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
        `the variable ${variable} is the worker's own, and never a secret ` +
          'of a stack; give the value a variable of its own',
      );
    }
    const { environment } = this.policy.secrets ?? {};
    if (!environment || matchesAny(environment, variable, place)) return;
    throw new SourceRefused(
      `the worker's policy does not let the variable ${variable} be a secret (rule secrets.environment)`,
    );
  }

  private checkVault({ mount, path }: VaultAddress, place: Place | undefined): void {
    const full = `${mount}/${path}`;
    const isPlain =
      full.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !/[?#%\\\0]/.test(full);
    if (!isPlain) throw new SourceRefused(`${full} is not a path of Vault: write names separated by single slashes`);
    const { vault } = this.policy.secrets ?? {};
    if (!vault || matchesAny(vault, full, place)) return;
    throw new SourceRefused(`the worker's policy does not let this stack read ${full} of Vault (rule secrets.vault)`);
  }

  /** By its path, links followed, and by the file system that it lies on. */
  private async refuseOwn(file: string, real: string): Promise<void> {
    const isOwn = engineFolder.test(real) || (await this.ownPaths()).some((each) => isWithin(each, real));
    if (isOwn)
      throw new SourceRefused(
        `${file} belongs to the machine or to the engine (${real}), and is never a secret of a stack`,
      );
    const { type } = await statfs(real).catch(() => ({ type: 0 }));
    if (kernelFileSystems.has(type))
      throw new SourceRefused(`${file} is made by the kernel, and is never a secret of a stack`);
  }

  /** As written and with links followed. A plan asks for each secret of thousands of services: they share a look. */
  private ownPaths(): Promise<string[]> {
    if (!this.followed || Date.now() > this.followed.until) {
      const paths = Promise.all(this.own.map((file) => follow(file))).then((followed) => [...this.own, ...followed]);
      this.followed = { until: Date.now() + sharedMs, paths };
    }
    return this.followed.paths;
  }

  /** A hard link, or a mount of one file over another, has another path and the same number. */
  private async refuseSame(file: string, { dev, ino }: Stats): Promise<void> {
    const forbidden = await Promise.all(this.own.map((each) => stat(each).catch(() => undefined)));
    if (!forbidden.some((each) => each?.isFile() && each.dev === dev && each.ino === ino)) return;
    throw new SourceRefused(
      `${file} is a file of the machine or of the engine under another name, and is never a secret of a stack`,
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
      throw new SourceRefused(`${file} is larger than 1 MiB; put the bulk of it into an image or a volume`);
  }
}
