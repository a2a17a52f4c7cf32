/**
 * One look for all who ask at the same time: who comes while one is under way shares the next, so that everybody sees
 * what was there after they asked.
 */
export class SharedLook {
  private wanted: string[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private next?: Promise<string>;

  /** `look` answers for everything that is wanted by then. */
  take(wanted: readonly string[], look: (wanted: string[]) => Promise<string>): Promise<string> {
    this.wanted.push(...wanted);
    this.next ??= this.running.then(() => {
      const all = [...new Set(this.wanted.splice(0))];
      this.next = undefined;
      const begun = look(all);
      this.running = begun.catch(() => undefined);
      return begun;
    });
    return this.next;
  }
}
