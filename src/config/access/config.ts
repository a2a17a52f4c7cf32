import type { Binding } from '../../model/access';
import type { OidcProvider } from './schema';
import type { Workload } from './workloads';

/** What an access file declares, with the secrets that it names. */
export interface AccessConfig {
  externalUrl?: string;
  providers: Record<string, OidcProvider & { secret?: string }>;
  workloads: Record<string, Workload>;
  bindings: Binding[];
  /** Every file that was read. */
  files: string[];
}

/** Without an access file. */
export const emptyAccess: AccessConfig = { providers: {}, workloads: {}, bindings: [], files: [] };
