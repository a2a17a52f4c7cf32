import { ApiProblem } from '../problems';

/** Limits how much work is done at once, and how much waits for it. */
export class Slots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly limits: { parallel: number; waiting: number; waitMs: number },
    private readonly onBusy: () => void = () => undefined,
  ) {}

  /** @throws ApiProblem if too much waits already, or it has waited too long */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limits.parallel) await this.slot();
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  /** Resolves once work that has ended has left its slot to this one. */
  private slot(): Promise<void> {
    if (this.waiting.length >= this.limits.waiting) throw this.busy();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(this.busy());
      }, this.limits.waitMs);
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.push(enter);
    });
  }

  private busy(): ApiProblem {
    this.onBusy();
    return new ApiProblem('too_many', 'too many requests to triggers are being verified; send it again later');
  }
}
