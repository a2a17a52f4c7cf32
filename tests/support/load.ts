import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestByTls } from 'node:https';
import { until } from './until';
import { isFull } from './exhaustive';

export interface LoadReport {
  sent: number;
  /** Requests without a complete answer of status 200, by what went wrong. */
  failed: Record<string, number>;
  /** Answers by the version of the instance that gave them. */
  versions: Record<string, number>;
}

export interface LoadOptions {
  url: string;
  connections?: number;
  /** Pause of a connection between two requests, in ms. By default short; none in the exhaustive suites. */
  pauseMs?: number;
  body?: Buffer;
  headers?: Record<string, string>;
  /** The body comes in ten pieces over so long. */
  trickleMs?: number;
}

const defaultPauseMs = isFull ? 0 : 20;

/**
 * A strict client: keep-alive connections that send without looking, and count every request that got no complete
 * answer.
 */
export class Load {
  private readonly report: LoadReport = { sent: 0, failed: {}, versions: {} };
  private readonly agent: Agent;
  private readonly workers: Promise<void>[];
  /** When each version answered last, in ms since the epoch. */
  readonly lastAnswer: Record<string, number> = {};
  private over = false;

  constructor(private readonly options: LoadOptions) {
    const { connections = 20 } = options;
    this.agent = this.tls
      ? new TlsAgent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false })
      : new Agent({ keepAlive: true, maxSockets: connections });
    this.workers = Array.from({ length: connections }, () => this.work());
  }

  private get tls(): boolean {
    return this.options.url.startsWith('https:');
  }

  get sent(): number {
    return this.report.sent;
  }

  get versions(): LoadReport['versions'] {
    return this.report.versions;
  }

  /** Resolves once so many requests have been answered since. */
  async answered(count: number): Promise<void> {
    const wanted = this.report.sent + count;
    await until(() => this.report.sent >= wanted);
  }

  async stop(): Promise<LoadReport> {
    this.over = true;
    await Promise.all(this.workers);
    this.agent.destroy();
    return this.report;
  }

  private async work(): Promise<void> {
    const { pauseMs = defaultPauseMs } = this.options;
    while (!this.over) {
      const outcome = await this.one();
      this.report.sent += 1;
      const [counts, name] =
        'failed' in outcome ? [this.report.failed, outcome.failed] : [this.report.versions, outcome.version];
      counts[name] = (counts[name] ?? 0) + 1;
      if ('version' in outcome) this.lastAnswer[outcome.version] = Date.now();
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  private one(): Promise<{ failed: string } | { version: string }> {
    const { url, body, headers, trickleMs = 0 } = this.options;
    return new Promise((resolve) => {
      const call = (this.tls ? requestByTls : request)(
        url,
        {
          agent: this.agent,
          method: body ? 'POST' : 'GET',
          headers: { ...headers, ...(body && { 'content-length': body.length }) },
          timeout: 20_000,
        },
        (response) => void read(response).then(resolve),
      );
      call.once('timeout', () => call.destroy(new Error('no answer in time')));
      call.once('error', (error: NodeJS.ErrnoException) => resolve({ failed: error.code ?? error.message }));
      void send(call, body, trickleMs);
    });
  }
}

async function send(call: ClientRequest, body: Buffer | undefined, trickleMs: number): Promise<void> {
  if (!body || trickleMs === 0) return void call.end(body);
  const piece = Math.ceil(body.length / 10);
  for (let offset = 0; offset < body.length; offset += piece) {
    call.write(body.subarray(offset, offset + piece));
    await new Promise((resolve) => setTimeout(resolve, trickleMs / 10));
  }
  call.end();
}

async function read(response: IncomingMessage): Promise<{ failed: string } | { version: string }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    return { failed: `cut off: ${(error as NodeJS.ErrnoException).code}` };
  }
  if (!response.complete) return { failed: 'cut off' };
  if (response.statusCode !== 200) return { failed: `status ${response.statusCode}` };
  try {
    return { version: (JSON.parse(Buffer.concat(chunks).toString()) as { version: string }).version };
  } catch {
    return { version: 'unknown' };
  }
}
