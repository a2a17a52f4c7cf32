import type { Grants } from '../../model/access';

/** Somebody whose token is valid. */
export interface Caller extends Grants {
  subject: string;
  /** Id of the token, or of the session that it belongs to. */
  token: string;
  /** Of a person who has logged in. */
  session?: string;
  /** As subjects: `group:release`. */
  groups?: readonly string[];
}
