import type { Trouble } from '../../client/deployment-handle';
import { EngineUnreachable } from '../../temporal/errors';
import { paint } from './terminal';
import { clock, seconds } from './words';

const repeatMs = 30_000;

/** Reports that the worker or server does not answer, with advice; repeats it, and reports the end of the outage. */
export class TroubleNotes {
  private lastNote?: { message: string; at: number };
  private since?: Date;

  /** `giveUpAfterMs`: longest outage before {@link take} throws. */
  constructor(
    private readonly note: (lines: string[]) => void,
    private readonly giveUpAfterMs: number,
  ) {}

  /** @throws EngineUnreachable if the outage lasts too long */
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
        `${message}, for ${seconds(lasted)}; the deployment has not ended, and continues after the outage`,
        advice,
      );
    if (this.lastNote?.message === message && Date.now() - this.lastNote.at < repeatMs) return;
    const isNew = this.lastNote?.message !== message;
    this.lastNote = { message, at: Date.now() };
    this.note([
      paint.yellow(`  wait  ${message} (since ${clock(this.since)}); the deployment has not ended`),
      ...(isNew ? [paint.yellow(`        ${advice}`)] : []),
    ]);
  };

  private end(): void {
    if (this.lastNote && this.since)
      this.note([`  ok    answers again, after ${seconds(Date.now() - this.since.getTime())}`]);
    this.lastNote = undefined;
    this.since = undefined;
  }
}
