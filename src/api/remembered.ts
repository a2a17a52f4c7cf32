import { monotonicMs } from '../guard/monotonic';
import { keepLatest } from '../guard/bounded';

interface Options {
  /** How long an answer is used without asking again, in ms. */
  freshMs: number;
  /** Answers that are kept. */
  most?: number;
  elapsed?: () => number;
}

/** Answers that are used for a time. Whoever asks meanwhile shares one question; a failure is not remembered. */
export class Remembered<T> {
  private readonly answers = new Map<string, { at: number; value: Promise<T> }>();

  constructor(private readonly options: Options) {}

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const { freshMs, most = 1000, elapsed = monotonicMs } = this.options;
    const known = this.answers.get(key);
    if (known && elapsed() - known.at < freshMs) return known.value;
    const answer = { at: elapsed(), value: ask() };
    keepLatest(this.answers, key, answer, most);
    answer.value.catch(() => {
      if (this.answers.get(key) === answer) this.answers.delete(key);
    });
    return answer.value;
  }
}
