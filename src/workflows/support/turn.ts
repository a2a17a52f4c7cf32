/** More steps of promises than any of our functions takes from one wait to the next. */
const steps = 200;

/** Who has waited for something goes on alone, in the order in which it happened, until it waits again. */
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
 * After so many steps. Of one promise that is resolved again and again, not of one promise a step: the SDK takes down
 * the stack of each promise that a workflow makes, which would be most of what a worker does.
 */
function afterwards(pass: () => void): void {
  let left = steps;
  const step: PromiseLike<void> = {
    // oxlint-disable-next-line no-thenable -- being resolved with is what it is for
    then: ((resolve: (value: PromiseLike<void> | void) => void) => {
      left -= 1;
      resolve(left > 0 ? step : undefined);
    }) as PromiseLike<void>['then'],
  };
  void new Promise<void>((resolve) => resolve(step)).then(pass);
}
