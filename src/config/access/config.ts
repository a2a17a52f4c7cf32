import type { Binding } from '../../model/access';
import type { Subscriber } from '../../model/notification';
import type { OidcProvider, SamlProvider } from './schema';
import type { Workload } from './workloads';

/** A provider, with what the files contain that it names. */
export type Provider =
  | (OidcProvider & { secret?: string })
  | (SamlProvider & {
      /** In PEM; any of them counts. */
      certificates: string[];
    });

/** What an access file declares, with the secrets that it names. */
export interface AccessConfig {
  externalUrl?: string;
  providers: Record<string, Provider>;
  workloads: Record<string, Workload>;
  bindings: Binding[];
  /** Who is told of attacks on the server. */
  subscribers: Subscriber[];
  /** Every file that was read. */
  files: string[];
}

/** Without an access file. */
export const emptyAccess: AccessConfig = { providers: {}, workloads: {}, bindings: [], subscribers: [], files: [] };
