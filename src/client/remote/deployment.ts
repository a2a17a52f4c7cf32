import { setTimeout as sleep } from 'node:timers/promises';
import { placeOfDeployment } from '../../model/names';
import { DeploymentLost, EngineUnreachable } from '../../temporal/errors';
import type {
  Amendment,
  DeploymentResult,
  Place,
  PlanSummary,
  Progress,
  ProgressEvent,
  Steer,
} from '../../workflows/messages';
import { isOver, type CancellationResponse, type DeploymentHandle, type WatchOptions } from '../deployment-handle';
import { messagesOf, type StreamMessage } from './event-stream';
import { Lost, NotEnded } from './problems';
import type { Transport } from './transport';

const retryMs = 1000;

/** A deployment of which a server is asked. */
export class RemoteDeployment implements DeploymentHandle {
  constructor(
    private readonly transport: Transport,
    readonly id: string,
  ) {}

  get place(): Place {
    return placeOfDeployment(this.id);
  }

  async result({ signal, onTrouble }: WatchOptions = {}): Promise<DeploymentResult> {
    for (;;) {
      try {
        return await this.withRetry(() => this.ask('GET', '/result', { signal }), signal, onTrouble);
      } catch (error) {
        if (error instanceof Lost) throw new DeploymentLost(this.id, { cause: error });
        if (!(error instanceof NotEnded)) throw error;
      }
    }
  }

  progress(since = 0): Promise<Progress> {
    return this.ask('GET', '', { query: { since } });
  }

  async *watch(signal?: AbortSignal, onTrouble?: WatchOptions['onTrouble']): AsyncGenerator<Progress> {
    const ended = new AbortController();
    const both = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
    let page = await this.withRetry(() => this.progress(), signal, onTrouble).catch(unlessAborted(signal));
    if (!page) return;
    yield page;
    try {
      for (let seen = page.events.length; !isOver(page);) {
        const messages = await this.withRetry(() => this.open(seen, both), signal, onTrouble).catch(
          unlessAborted(signal),
        );
        if (!messages) return;
        for await (const next of this.pagesOf(messages, page)) {
          seen += next.events.length;
          page = next;
          yield page;
          if (isOver(page)) return;
        }
        if (signal?.aborted) return;
        // The stream has ended although the deployment has not: it is resumed, at any server.
        const again = await this.withRetry(() => this.progress(seen), signal, onTrouble).catch(unlessAborted(signal));
        if (!again) return;
        seen += again.events.length;
        page = { ...again, plan: again.plan ?? page.plan };
        yield page;
      }
    } finally {
      ended.abort();
    }
  }

  /** A page for each event, and for each change of the state or the plan. */
  private async *pagesOf(messages: AsyncIterable<StreamMessage>, first: Progress): AsyncGenerator<Progress> {
    let page: Progress = { ...first, events: [] };
    for await (const { name, data } of messages) {
      const told: unknown = JSON.parse(data);
      const { plan } = page;
      if (name === 'event') page = { ...page, events: [told as ProgressEvent] };
      else if (name === 'plan') page = { ...page, events: [], plan: told as PlanSummary };
      else page = { ...(told as Progress), events: [], ...(plan && { plan }) };
      yield page;
    }
  }

  private async open(seen: number, signal: AbortSignal): Promise<AsyncIterable<StreamMessage>> {
    const body = await this.transport.open(`${this.path}/events`, { 'last-event-id': String(seen) }, signal);
    return messagesOf(body);
  }

  cancel(_by: string, options: { killJobs?: boolean } = {}): Promise<void> {
    return this.end(_by, options).then(() => undefined);
  }

  async end(_by: string, options: { killJobs?: boolean } = {}): Promise<CancellationResponse> {
    return (await this.requestEnd(options)).ending;
  }

  /** `settling`: id of the deployment that undoes the unfinished changes of a terminated one. */
  requestEnd({ killJobs = false }: { killJobs?: boolean }): Promise<{
    ending: CancellationResponse;
    settling?: string;
  }> {
    return this.ask('POST', '/cancellation', { body: { killJobs } });
  }

  steer({ by: _by, ...body }: Steer): Promise<void> {
    return this.ask('POST', '/steering', { body });
  }

  amend({ by: _by, ...body }: Amendment): Promise<void> {
    return this.ask('POST', '/amendments', { body });
  }

  answer(question: string, answer: string, _by: string): Promise<void> {
    return this.ask('POST', '/answers', { body: { question, answer } });
  }

  private ask<T>(method: 'GET' | 'POST', below: string, asking: Parameters<Transport['ask']>[2]): Promise<T> {
    return this.transport.ask(method, `${this.path}${below}`, asking);
  }

  private get path(): string {
    const { stack, environment } = this.place;
    const name = this.id.split('/').slice(3).join('/');
    return `/environments/${stack}/${environment}/deployments/${encodeURIComponent(name)}`;
  }

  /** Retries while the server or its engine does not answer. */
  private async withRetry<T>(
    call: () => Promise<T>,
    signal: AbortSignal | undefined,
    onTrouble?: WatchOptions['onTrouble'],
  ): Promise<T> {
    for (let since: Date | undefined; ;) {
      try {
        const answer = await call();
        if (since) onTrouble?.(undefined);
        return answer;
      } catch (error) {
        if (signal?.aborted || !(error instanceof EngineUnreachable)) throw error;
        since ??= new Date();
        onTrouble?.({ since, error });
        await sleep(retryMs, undefined, { signal });
      }
    }
  }
}

function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => undefined {
  return (error) => {
    if (!signal?.aborted) throw error;
  };
}
