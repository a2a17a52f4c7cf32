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
      void afterwards(pass);
    }
  }
}

async function afterwards(pass: () => void): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
  pass();
}
