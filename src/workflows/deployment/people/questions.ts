import { waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';

/** Asks one question at a time, so that an answer always belongs to the displayed question. */
export class Questions {
  private answered?: string;
  private asked = 0;
  private asking: Promise<unknown> = Promise.resolve();

  constructor(private readonly log: ProgressLog) {}

  /** Resolves with the answer. */
  ask(text: string, answers: string[]): Promise<string> {
    const asked = this.asking.then(() => this.askAlone(text, answers));
    this.asking = asked.catch(() => undefined);
    return asked;
  }

  answer(question: string, answer: string): void {
    const shown = this.log.question;
    if (question === shown?.id && shown.answers.includes(answer)) this.answered = answer;
  }

  private async askAlone(text: string, answers: string[]): Promise<string> {
    const before = this.log.status;
    this.asked += 1;
    this.answered = undefined;
    this.log.question = { id: `q${this.asked}`, text, answers };
    this.log.becomeSearchable('waiting');
    this.log.note(text);
    this.log.report({ code: 'deployment.waiting', data: { message: text, answers } });
    try {
      await waitUntil(() => this.answered !== undefined);
      this.log.answered = { question: `q${this.asked}`, answer: this.answered! };
      this.log.note(`answered: ${this.answered}`);
      return this.answered!;
    } finally {
      this.log.question = undefined;
      this.log.becomeSearchable(before);
    }
  }
}
