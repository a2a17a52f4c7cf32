import { gunzipSync, gzipSync } from 'node:zlib';
import type { V1Secret } from '@kubernetes/client-node';
import type { Manifest } from '../../kubernetes';
import { domain, fieldManager, qualified } from '../../kubernetes/names';
import type { KubernetesApi } from './api';

/** The manifests that a deployment has applied for a service. */
export interface Applied {
  deployment: number;
  manifests: Manifest[];
}

/** What was applied last, and what it took the place of. */
export interface Entry {
  current: Applied;
  before?: Applied;
  /** The workload that its names lead to for a while, instead of its own. */
  servedBy?: string;
}

const keys = { entry: 'manifests' };

/**
 * What the engine has applied of each service, in a Secret beside it: manifests hold what is secret, and a rollback applies
 * the very same again.
 */
export class Ledger {
  constructor(private readonly api: KubernetesApi) {}

  async read(name: string): Promise<Entry | undefined> {
    const secret = await this.api.find<V1Secret>(this.path(name));
    const packed = secret?.data?.[keys.entry];
    return packed === undefined ? undefined : (JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as Entry);
  }

  /** Noted before the effect. */
  async write(name: string, entry: Entry): Promise<void> {
    const { namespace } = qualified(name);
    const data = { [keys.entry]: gzipSync(JSON.stringify(entry)).toString('base64') };
    const labels = { 'app.kubernetes.io/managed-by': 'deploy-code', [`${domain}/ledger`]: qualified(name).name };
    await this.api.apply(this.path(name), { apiVersion: 'v1', kind: 'Secret', type: `${domain}/manifests`, metadata: { name: ledgerName(name), namespace, labels }, data }, fieldManager, true);
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
