import type { DeclaredBinding } from '../model/access';
import type { Builds } from '../temporal/builds';
import type { Access } from './access';
import type { Sessions } from './access/sessions';
import type { LocalUsers } from './access/users';
import type { DirectClient } from './client';
import type { Registries } from './registries';
import type { Schedules } from './schedules';
import type { StoredSecrets } from './secrets/stored';
import type { StoredBinding } from '../workflows/messages';

type PublicOf<T> = Pick<T, keyof T>;

/** Parts of a client that reaches Temporal which a server keeps to itself. */
type ServersOwn =
  | 'marks'
  | 'settle'
  | 'release'
  | 'requested'
  | 'readHook'
  | 'redeployFor'
  | 'withStored'
  | 'beginCommand'
  | 'sessionPath';

/** Deploys stacks, and queries them: by way of Temporal, or through a server. */
export interface EngineClient extends Omit<
  PublicOf<DirectClient>,
  ServersOwn | 'schedules' | 'secrets' | 'registries' | 'access' | 'builds'
> {
  readonly schedules: Pick<
    Schedules,
    'create' | 'list' | 'describe' | 'pause' | 'resume' | 'trigger' | 'delete' | 'backfill'
  >;
  readonly secrets: Pick<StoredSecrets, 'set' | 'store' | 'list' | 'names' | 'remove' | 'reseal' | 'keys'>;
  readonly registries: Pick<Registries, 'login' | 'list' | 'logout' | 'reseal' | 'audit'>;
  readonly access: Pick<Access, 'grant' | 'withdraw' | 'createToken' | 'tokens' | 'revokeToken'> & {
    /** A server also lists what its access file declares. */
    bindings(): Promise<(StoredBinding | DeclaredBinding)[]>;
    readonly sessions: Pick<Sessions, 'list' | 'revoke'>;
    readonly users: Omit<PublicOf<LocalUsers>, 'logIns' | 'inviteFirstAdmin'>;
  };
  readonly builds: Pick<Builds, 'list' | 'promote' | 'missing' | 'adopt'>;
}
