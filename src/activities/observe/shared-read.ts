/**
 * Coalesces concurrent reads. A call during a read shares the next one, so that every caller gets a state read after
 * its call.
 */
export class SharedRead {
  private wanted: string[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private next?: Promise<string>;

  /** `read` gets everything that is wanted when it starts. */
  take(wanted: readonly string[], read: (wanted: string[]) => Promise<string>): Promise<string> {
    this.wanted.push(...wanted);
    this.next ??= this.running.then(() => {
      const all = [...new Set(this.wanted.splice(0))];
      this.next = undefined;
      const result = read(all);
      this.running = result.catch(() => undefined);
      return result;
    });
    return this.next;
  }
}
