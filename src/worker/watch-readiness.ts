import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { activityPollers, lastOf } from '../temporal/pollers';
import { withinDeadline } from '../guard/deadline';
import { monotonicMs } from '../guard/monotonic';
import { unreadiness, type QueueFacts } from './readiness';

const tickMs = 500;
/** Time for which a delay of the event loop is reported. */
const rememberedMs = 15_000;
const askMs = 10_000;
const answerMs = 5000;

type Served = Pick<Worker, 'getState' | 'getStatus' | 'options'>;

/** Watches whether a worker can take work: its slots, its event loop, its connection to Temporal. */
export class ReadinessWatch {
  private queues?: QueueFacts[];
  private served: readonly Served[] = [];
  private answeredAt = monotonicMs();
  private lags: { at: number; ms: number }[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private expectedAt = monotonicMs() + tickMs;

  constructor(private readonly slots: number) {
    this.every(tickMs, () => this.tick());
  }

  /** Why the worker is not ready; empty if it is. */
  problems(): string[] {
    this.tick();
    return unreadiness(
      { queues: this.queues, answeredAt: this.answeredAt, lagMs: Math.max(0, ...this.lags.map(({ ms }) => ms)) },
      monotonicMs(),
    );
  }

  /** Starts to observe workers that have connected to Temporal. */
  observe(served: readonly Served[], client: Client): void {
    this.served = served;
    this.answeredAt = monotonicMs();
    this.queues = served.map(({ options }) => ({ queue: options.taskQueue, state: 'RUNNING' }));
    this.tick();
    this.every(askMs, () => void this.ask(client).catch(() => undefined));
  }

  close(): void {
    this.timers.forEach(clearInterval);
  }

  private every(ms: number, work: () => void): void {
    this.timers.push(setInterval(work, ms).unref());
  }

  private tick(): void {
    const now = monotonicMs();
    this.lags = [...this.lags, { at: now, ms: now - this.expectedAt }].filter(
      ({ at, ms }) => ms > tickMs && now - at < rememberedMs,
    );
    this.expectedAt = now + tickMs;
    this.queues = this.queues?.map((facts, index) => {
      const { numInFlightActivities } = this.served[index]!.getStatus();
      const isFull = numInFlightActivities >= this.slots;
      return {
        ...facts,
        state: this.served[index]!.getState(),
        fullSince: isFull ? (facts.fullSince ?? now) : undefined,
      };
    });
  }

  /** Reads the last poll of this worker for each queue from Temporal. */
  private async ask(client: Client): Promise<void> {
    const polls = await withinDeadline(answerMs, () =>
      Promise.all(
        this.served.map(async ({ options: { taskQueue: name, identity } }) => {
          const own = (await activityPollers(client, name)).filter((poller) => poller.identity === identity);
          const at = lastOf(own);
          return at && monotonicMs() - (Date.now() - at.getTime());
        }),
      ),
    );
    this.answeredAt = monotonicMs();
    this.queues = this.queues?.map((facts, index) => ({ ...facts, polledAt: polls[index] }));
  }
}
