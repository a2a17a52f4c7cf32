import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of the API. */
export class ApiMetrics {
  readonly registry = new Registry();
  private readonly seconds = new Histogram({
    name: 'deploy_code_api_request_seconds',
    help: 'Time that requests took, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  /** One for each route, method and status: looking a series up by its labels takes longer. */
  private readonly series = new Map<string, Histogram.Internal<string>>();
  private readonly denied = new Counter({
    name: 'deploy_code_api_denied_total',
    help: 'Requests that were not allowed, by status.',
    labelNames: ['status'],
    registers: [this.registry],
  });
  private readonly logIns = new Counter({
    name: 'deploy_code_api_logins_total',
    help: 'Log-ins of local users, by outcome.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly threats = new Counter({
    name: 'deploy_code_api_threats_total',
    help: 'Attacks that were noticed, by kind.',
    labelNames: ['kind'],
    registers: [this.registry],
  });
  private readonly streams = new Gauge({
    name: 'deploy_code_api_streams',
    help: 'Streams of events that are open.',
    registers: [this.registry],
  });

  private readonly hooks = new Counter({
    name: 'deploy_code_api_hooks_total',
    help: 'Requests to triggers, by result: deployed, replayed, ignored, or why they were refused.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  countHook(result: string): void {
    this.hooks.inc({ result });
  }

  /** Counts a stream for as long as it lasts. */
  async countStream(stream: Promise<void>): Promise<void> {
    this.streams.inc();
    await stream.finally(() => this.streams.dec());
  }

  observe(route: string, method: string, status: number, seconds: number): void {
    const key = `${route} ${method} ${status}`;
    const series = this.series.get(key) ?? this.seconds.labels(route, method, String(status));
    this.series.set(key, series);
    series.observe(seconds);
  }

  /** `delayed`: it came too soon after failed ones, and was not tried. */
  countLogIn(outcome: 'succeeded' | 'failed' | 'delayed'): void {
    this.logIns.inc({ outcome });
  }

  countThreat(kind: string): void {
    this.threats.inc({ kind });
  }

  deny(status: string): void {
    this.denied.inc({ status });
  }
}
