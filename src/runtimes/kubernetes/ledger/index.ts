import type { V1Secret } from '@kubernetes/client-node';
import { domain, fieldManager, qualified } from '../../../kubernetes/names';
import type { KubernetesApi } from '../api';
import type { Entry, Noted } from './entry';
import { ApiError } from '../api/errors';
import { RuntimeError, type Scope } from '../../runtime';
import { pack, refuseForged, unpack } from './noted-entry';
import { isOf, notOfThisService } from '../ownership';

const key = 'manifests';
const noteType = `${domain}/manifests`;

/**
 * The applied manifests of each service, in a Secret, because manifests contain secrets. A rollback applies the same
 * manifests again.
 */
export class Ledger {
  constructor(
    private readonly api: KubernetesApi,
    private readonly scope: Scope,
  ) {}

  /**
   * The entry of a service; undefined if there is none, or it belongs to another environment.
   * @throws RuntimeError of kind `software` if the entry cannot be read, or names objects that are not of the service
   */
  async read(name: string): Promise<Noted | undefined> {
    const secret = await this.api.find<V1Secret>(this.path(name));
    const noted = isNote(secret) ? this.entryOf(name, secret) : undefined;
    return isOf(noted, this.scope) ? noted : undefined;
  }

  /**
   * The entry of any owner, to report who has taken a name.
   * @throws RuntimeError if a Secret that is not an entry has the name
   */
  async readAnybodys(name: string): Promise<Noted | undefined> {
    const secret = await this.api.find<V1Secret>(this.path(name));
    if (secret && !isNote(secret))
      throw notOfThisService([`the Secret ${qualified(name).namespace}/${ledgerName(name)}`]);
    return secret && this.entryOf(name, secret);
  }

  private entryOf(name: string, secret: V1Secret): Noted {
    const entry = unpack(name, secret.data![key]!);
    if (isOf(entry, this.scope)) refuseForged(name, entry, this.scope);
    return { ...entry, version: secret.metadata!.resourceVersion! };
  }

  /** Called before the effect. Fails for an outdated activity that has not read the latest entry. */
  async write(name: string, entry: Entry, seen: Noted | undefined): Promise<void> {
    const { namespace } = qualified(name);
    const { current, before, servedBy, stale } = entry;
    const data = { [key]: pack(name, { current, before, servedBy, stale }) };
    const labels = { 'app.kubernetes.io/managed-by': 'deploy-code', [`${domain}/ledger`]: qualified(name).name };
    const metadata = { name: ledgerName(name), namespace, labels, ...(seen && { resourceVersion: seen.version }) };
    await this.api
      .apply(this.path(name), { apiVersion: 'v1', kind: 'Secret', type: noteType, metadata, data }, fieldManager, true)
      .catch((error: unknown) => {
        throw error instanceof ApiError && error.status === 409
          ? new RuntimeError('platform', `another worker has changed the record of ${name} in the meantime`, {
              cause: error,
            })
          : error;
      });
  }

  /** Deletes an entry unless it was written since it was read. */
  remove(name: string, { version: resourceVersion }: Noted): Promise<void> {
    return this.api.delete(this.path(name), { preconditions: { resourceVersion } });
  }

  private path(name: string): string {
    return `/api/v1/namespaces/${qualified(name).namespace}/secrets/${ledgerName(name)}`;
  }
}

function isNote(secret: V1Secret | undefined): secret is V1Secret {
  return secret?.type === noteType && secret.data?.[key] !== undefined;
}

function ledgerName(name: string): string {
  return `deploy-code.${qualified(name).name}`;
}
