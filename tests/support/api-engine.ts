import type { AddressInfo } from 'node:net';
import { createApiServer, type ServerOptions } from '../../src/api';
import type { DirectClient } from '../../src/client';
import { newApiToken } from '../../src/guard/access/api-token';
import type { Limit } from '../../src/model/access';
import type { AccessState } from '../../src/workflows/messages';

type Log = Awaited<ReturnType<DirectClient['logs']>>['found'][number];

/** What a client of the engine would read, for servers under test. */
export class ApiEngine {
  readonly state: AccessState = { bindings: [], tokens: {} };
  /** By `stack/environment`. */
  readonly environments = new Map<string, Record<string, unknown>>();
  /** Events of deployments by their workflow ids. */
  readonly deployments = new Map<string, { status: string; events: object[]; plan?: object }>();
  /** What Temporal lists as running, by `stack/environment`. */
  readonly running = new Map<string, { workflowId: string; status?: string; startedAt: Date }[]>();
  /** Environments that cannot be read. */
  readonly unreadable = new Set<string>();
  /** Log lines by instance. The cursor of a line is its number. */
  readonly lines = new Map<string, string[]>();
  readonly reads = { progress: 0, environment: 0, logs: 0 };
  health = 'healthy';
  readonly granted: Limit[] = [];
  readonly failures: Error[] = [];

  /** A token of a new subject with these roles. */
  token(grants: Limit[], { subject = `user:u${Object.keys(this.state.tokens).length}`, limit }: TokenOf = {}): string {
    const { id, digest, text } = newApiToken();
    this.state.tokens[id] = { subject, digest, by: 'ana', at: 0, ...(limit && { limit }) };
    for (const { role, scope } of grants) this.state.bindings.push({ subject, role, scope, by: 'ana', at: 0 });
    return text;
  }

  revoke(token: string): void {
    delete this.state.tokens[token.split('_')[1]!];
  }

  deploy(stack: string, environment: string, more: Record<string, unknown> = {}): void {
    const current = { deployment: 1, release: 1 };
    const place = { stack, environment };
    const numbers = { deployment: 1, release: 1 };
    const state = { place, runtime: 'docker', numbers, current, releases: [1], queue: [], recent: [] };
    this.environments.set(`${stack}/${environment}`, { ...state, ...more });
  }

  write(instance: string, ...lines: string[]): void {
    this.lines.set(instance, [...(this.lines.get(instance) ?? []), ...lines]);
  }

  get client(): DirectClient {
    const keyOf = ({ stack, environment }: { stack: string; environment: string }) => `${stack}/${environment}`;
    return {
      access: {
        state: async () => structuredClone(this.state),
        recordUses: async () => undefined,
        bindings: async () => this.state.bindings,
        grant: async (binding: Limit) => void this.granted.push(binding),
        tokens: async () =>
          Object.entries(this.state.tokens).map(([id, { subject, by, at }]) => ({ id, subject, by, at: new Date(at) })),
      },
      registries: {
        list: async () => {
          throw new Error('planted');
        },
      },
      requested: async () => undefined,
      redeploy: async (place: never, { requestId }: { requestId?: string }) => ({
        id: `deployment/${keyOf(place)}/${requestId}`,
        place,
      }),
      environments: async () =>
        [...this.environments].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { place }]) => place),
      marks: async () =>
        new Map(
          [...this.environments].map(([key, { place, watch }]) => [
            key,
            { place, found: JSON.stringify(watch), deployments: this.running.get(key) ?? [] },
          ]),
        ),
      audit: async () => ({
        total: 1,
        records: [
          {
            sequence: 1,
            id: 'r',
            at: 0,
            by: 'user:ana',
            what: 'approved deployment 1',
            why: 'looks good',
            result: 'done',
            deployment: 1,
            previous: '',
            hash: '',
          },
        ],
      }),
      releaseSummary: async (_: object, release: number) => ({ release, requestedBy: 'ana', reason: 'the cart' }),
      environment: async (place: never) => {
        this.reads.environment += 1;
        if (this.unreadable.has(keyOf(place))) throw new Error('planted');
        return this.environments.get(keyOf(place));
      },
      release: async ({ stack }: { stack: string }, release: number) => ({
        release,
        deployment: 1,
        requestedBy: 'ana',
        at: 0,
        images: {},
        stack: {
          name: stack,
          variables: {},
          services: { web: service('web'), api: service('api') },
        },
      }),
      status: async () => ({ found: [{ ...instanceLine, health: this.health }], away: [] }),
      logs: async (_: object, services: string[], tail: number, after: Record<string, string>) => {
        this.reads.logs += 1;
        return { found: this.logs(services, tail, after), away: [] };
      },
      handle: (id: string) => this.handle(id),
      deployment: async (place: never, number: number) => this.handle(`deployment/${keyOf(place)}/n${number}`),
    } as never as DirectClient;
  }

  private logs(services: string[], tail: number, after: Record<string, string>): Log[] {
    return [...this.lines]
      .filter(([name]) => services.length === 0 || services.includes(name.split('-')[0]!))
      .map(([name, lines]) => ({
        name,
        service: name.split('-')[0]!,
        ordinal: 1,
        cursor: String(lines.length),
        lines: after[name] === undefined ? lines.slice(-tail) : lines.slice(Number(after[name])),
      }));
  }

  private handle(id: string) {
    const read = (since: number) => {
      this.reads.progress += 1;
      const found = this.deployments.get(id);
      if (!found) throw Object.assign(new Error('no such workflow'), { name: 'WorkflowNotFoundError' });
      const { status, events, plan } = found;
      return { status, events: events.slice(since), ...(plan && since === 0 && { plan }) };
    };
    return {
      id,
      progress: async (since = 0) => read(since),
      watch: async function* (signal?: AbortSignal) {
        for (let seen = 0; !signal?.aborted; await new Promise((done) => setTimeout(done, 20))) {
          const page = read(seen);
          seen += page.events.length;
          yield page;
          if (['succeeded', 'failed'].includes(page.status)) return;
        }
      },
    };
  }

  /** A server that listens on loopback; `port` is its own. */
  async serve(more: Partial<ServerOptions> = {}): Promise<{ port: number; close(): Promise<void> }> {
    const app = await createApiServer({
      client: this.client,
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      perMinute: 100_000,
      onFailure: (error) => void this.failures.push(error),
      ...more,
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  }
}

interface TokenOf {
  subject?: string;
  limit?: Limit;
}

const service = (name: string) => ({ name, kind: 'service', image: `${name}:1`, replicas: 1 });
const instanceLine = {
  service: 'web',
  ordinal: 1,
  name: 'web-1',
  state: 'running',
  image: 'web:1',
  restarts: 0,
  ports: [],
  release: 1,
};
