import type { Trouble } from '../../client/deployment-handle';
import { EngineUnreachable } from '../../temporal/errors';
import { paint } from './terminal';
import { clock, seconds } from './words';

const repeatMs = 30_000;

/** Says that nobody answers: since when, what to do, from time to time that it is still so, and that it is over. */
export class TroubleNotes {
  private said?: { message: string; at: number };
  private since?: Date;

  /** `giveUpAfterMs`: how long nobody may answer. */
  constructor(
    private readonly note: (lines: string[]) => void,
    private readonly giveUpAfterMs: number,
  ) {}

  /** @throws EngineUnreachable once it has lasted too long */
  readonly take = (trouble: Trouble | undefined): void => {
    if (!trouble) return this.end();
    const {
      since,
      error: { message, advice },
    } = trouble;
    this.since ??= since;
    const lasted = Date.now() - this.since.getTime();
    if (lasted > this.giveUpAfterMs)
      throw new EngineUnreachable(
        `${message}, for ${seconds(lasted)}; the deployment is not over, and continues once it gets an answer`,
        advice,
      );
    if (this.said?.message === message && Date.now() - this.said.at < repeatMs) return;
    const isNew = this.said?.message !== message;
    this.said = { message, at: Date.now() };
    this.note([
      paint.yellow(`  wait  ${message} (since ${clock(this.since)}); the deployment is not over`),
      ...(isNew ? [paint.yellow(`        ${advice}`)] : []),
    ]);
  };

  private end(): void {
    if (this.said && this.since)
      this.note([`  ok    there is an answer again, after ${seconds(Date.now() - this.since.getTime())}`]);
    this.said = undefined;
    this.since = undefined;
  }
}
