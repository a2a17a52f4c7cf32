import { setTimeout as sleep } from 'node:timers/promises';
import type { V1ObjectMeta, V1Pod } from '@kubernetes/client-node';
import { RuntimeError } from '../../runtime';
import type { KubernetesApi } from '../api';
import { collection, podsIn, workloadKinds } from '../api/paths';
import type { LiveWorkload } from '../live';

const managedBySelector = 'app.kubernetes.io/managed-by=deploy-code';
const pauseMs = 300;
/** The server ends a watch after this time; then a new one starts. */
const watchSeconds = 240;

type Cache<T> = Map<string, T>;

/** A cache of the engine's objects in a namespace, fed by one watch per kind and shared by all waits there. */
export class NamespaceView {
  readonly pods: Cache<V1Pod> = new Map();
  readonly workloads: Cache<LiveWorkload> = new Map();
  /** Set while a watch fails. */
  trouble?: RuntimeError;
  private readonly closed = new AbortController();
  private waiting: (() => void)[] = [];

  constructor(
    private readonly api: KubernetesApi,
    namespace: string,
  ) {
    void this.follow(podsIn(namespace), this.pods);
    for (const kind of workloadKinds) void this.follow(collection(kind, namespace), this.workloads, kind.kind);
  }

  /** Resolves at the next change, or after the timeout. */
  async changed(withinMs: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const change = new Promise<void>((resolve) => this.waiting.push(resolve));
    const either = AbortSignal.any([signal, done.signal]);
    await Promise.race([change, sleep(withinMs, undefined, { signal: either }).catch(() => undefined)]);
    done.abort();
  }

  close(): void {
    this.closed.abort();
  }

  private async follow<T extends { metadata?: V1ObjectMeta }>(
    path: string,
    cache: Cache<T>,
    kind?: string,
  ): Promise<void> {
    const { signal } = this.closed;
    const own = new Set<string>();
    while (!signal.aborted) {
      for (const key of own) cache.delete(key);
      own.clear();
      try {
        await this.api.watch<T>(
          path,
          { labelSelector: managedBySelector, timeoutSeconds: watchSeconds },
          ({ type, object }) => {
            this.trouble = undefined;
            if (type === 'BOOKMARK' || type === 'ERROR') return;
            const key = object.metadata!.uid!;
            if (type === 'DELETED') cache.delete(key);
            else cache.set(key, kind === undefined ? object : { ...object, kind });
            own.add(key);
            this.notifyWaiting();
          },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return;
        this.trouble =
          error instanceof RuntimeError
            ? error
            : new RuntimeError('platform', `the Kubernetes API ended a watch (${(error as Error).message})`);
        this.notifyWaiting();
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private notifyWaiting(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** One view per namespace, open while it has users. */
export class Views {
  private readonly open = new Map<string, { view: NamespaceView; users: number }>();

  constructor(private readonly api: KubernetesApi) {}

  async during<T>(namespace: string, work: (view: NamespaceView) => Promise<T>): Promise<T> {
    const entry = this.open.get(namespace) ?? { view: new NamespaceView(this.api, namespace), users: 0 };
    this.open.set(namespace, entry);
    entry.users += 1;
    try {
      return await work(entry.view);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) {
        this.open.delete(namespace);
        entry.view.close();
      }
    }
  }
}
