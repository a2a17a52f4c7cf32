import type { Threat } from '../../workflows/messages';

const everyMs = 60_000;
const mostWaiting = 1000;

/** Collects threats: the first is sent at once, those of the next minute in one message. */
export class ThreatAlerts {
  private waiting: Threat[] = [];
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly send: (threats: Threat[]) => Promise<void>,
    private readonly onFailure: (error: Error) => void,
  ) {}

  add(threat: Threat): void {
    if (this.waiting.length < mostWaiting) this.waiting.push(threat);
    if (!this.timer) void this.next();
  }

  /** Sends what still waits. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.flush();
  }

  private async next(): Promise<void> {
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    this.timer = setTimeout(() => void this.next(), everyMs).unref();
    await this.flush();
  }

  private async flush(): Promise<void> {
    const threats = this.waiting.splice(0);
    if (threats.length > 0) await this.send(threats).catch(this.onFailure);
  }
}
