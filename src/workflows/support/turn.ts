/** More promise steps than any of our functions takes from one wait to the next. */
const steps = 200;

/** Resumes waiting functions one at a time, in the order of their events, each until its next wait. */
export class Turns {
  private free: Promise<void> = Promise.resolve();

  async take<T>(event: Promise<T>): Promise<T> {
    try {
      return await event;
    } finally {
      const before = this.free;
      let pass!: () => void;
      this.free = new Promise((resolve) => (pass = resolve));
      await before;
      afterwards(pass);
    }
  }
}

/**
 * Calls back after `steps` microtasks. Reuses one thenable instead of a promise per step: the SDK captures a stack
 * trace for each promise of a workflow, which would dominate the CPU time of a worker.
 */
function afterwards(pass: () => void): void {
  let left = steps;
  const step: PromiseLike<void> = {
    // oxlint-disable-next-line no-thenable -- made to be resolved with
    then: ((resolve: (value: PromiseLike<void> | void) => void) => {
      left -= 1;
      resolve(left > 0 ? step : undefined);
    }) as PromiseLike<void>['then'],
  };
  void new Promise<void>((resolve) => resolve(step)).then(pass);
}
