import type { V1Secret } from '@kubernetes/client-node';
import type { ServedBy } from '../../kubernetes/selection';
import type { Manifest } from '../../kubernetes';
import { domain, fieldManager, qualified } from '../../kubernetes/names';
import type { KubernetesApi } from './api';
import { ApiError } from './errors';
import { RuntimeError, type Scope } from '../runtime';
import { pack, refuseForged, unpack } from './noted-entry';
import { isOf } from './ownership';

/** The manifests that a deployment has applied for a service, and when, in ms since the epoch. */
export interface Applied {
  deployment: number;
  manifests: Manifest[];
  at: number;
  /** How many pods there were when something else took its place. */
  replicas?: number;
}

/** What was applied last, and what it took the place of. */
export interface Entry {
  current: Applied;
  before?: Applied;
  servedBy?: ServedBy;
  /** Paths of what is to be deleted, until that is done. */
  stale?: string[];
}

/** An entry as it was read: who writes it again has to have seen it last. */
export interface Noted extends Entry {
  version: string;
}

const key = 'manifests';

/**
 * What the engine has applied of each service, in a Secret beside it: manifests hold what is secret, and a rollback applies
 * the very same again.
 */
export class Ledger {
  constructor(private readonly api: KubernetesApi, private readonly scope: Scope) {}

  /**
   * Undefined where nothing was noted, and where what was noted is another environment's.
   * @throws RuntimeError of kind `software` where the note cannot be read, or names what is not of the service
   */
  async read(name: string): Promise<Noted | undefined> {
    const noted = await this.readAnybodys(name);
    return isOf(noted, this.scope) ? noted : undefined;
  }

  /** Whoever it belongs to: for telling people who has taken a name. */
  async readAnybodys(name: string): Promise<Noted | undefined> {
    const secret = await this.api.find<V1Secret>(this.path(name));
    const packed = secret?.data?.[key];
    if (packed === undefined) return undefined;
    const entry = unpack(name, packed);
    if (isOf(entry, this.scope)) refuseForged(name, entry, this.scope);
    return { ...entry, version: secret!.metadata!.resourceVersion! };
  }

  /** Noted before the effect. A ghost that has not seen what was written since writes nothing. */
  async write(name: string, entry: Entry, seen: Noted | undefined): Promise<void> {
    const { namespace } = qualified(name);
    const { current, before, servedBy, stale } = entry;
    const data = { [key]: pack(name, { current, before, servedBy, stale }) };
    const labels = { 'app.kubernetes.io/managed-by': 'deploy-code', [`${domain}/ledger`]: qualified(name).name };
    const metadata = { name: ledgerName(name), namespace, labels, ...(seen && { resourceVersion: seen.version }) };
    await this.api.apply(this.path(name), { apiVersion: 'v1', kind: 'Secret', type: `${domain}/manifests`, metadata, data }, fieldManager, true).catch((error: unknown) => {
      throw error instanceof ApiError && error.status === 409 ? new RuntimeError('platform', `somebody else has noted something about ${name} meanwhile`, { cause: error }) : error;
    });
  }

  remove(name: string): Promise<void> {
    return this.api.delete(this.path(name));
  }

  private path(name: string): string {
    return `/api/v1/namespaces/${qualified(name).namespace}/secrets/${ledgerName(name)}`;
  }
}

function ledgerName(name: string): string {
  return `deploy-code.${qualified(name).name}`;
}
