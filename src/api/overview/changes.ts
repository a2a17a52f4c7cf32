/** Removed keys that are remembered; for an older version, everything is sent again. */
const mostGone = 1000;

/** Which keys have changed since which version. */
export class Changes {
  version = 0;
  private readonly changed = new Map<string, number>();
  private readonly gone = new Map<string, number>();
  /** All removals after this version are remembered. */
  private knownSince = 0;

  change(key: string): void {
    this.gone.delete(key);
    this.changed.set(key, (this.version += 1));
  }

  remove(key: string): void {
    this.changed.delete(key);
    this.gone.set(key, (this.version += 1));
    if (this.gone.size <= mostGone) return;
    const [oldest, version] = this.gone.entries().next().value!;
    this.gone.delete(oldest);
    this.knownSince = version;
  }

  /** For an unknown or too old version: all keys. */
  since(version: number | undefined): { keys: string[]; gone: string[]; whole: boolean } {
    if (version === undefined || !(version >= this.knownSince) || version > this.version)
      return { keys: [...this.changed.keys()], gone: [], whole: true };
    const after = (of: Map<string, number>) => [...of].filter(([, each]) => each > version).map(([key]) => key);
    return { keys: after(this.changed), gone: after(this.gone), whole: false };
  }
}
