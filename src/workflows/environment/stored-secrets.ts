import { log } from '@temporalio/workflow';
import {
  fitWithin,
  storedLimits,
  type EnvironmentState,
  type RemoveSecret,
  type ResealedSecrets,
  type StoredSecret,
  type StoreSecret,
} from '../messages';
import type { EnvironmentRecords } from './records';

/** The secrets that an environment stores, as ciphertext, by name. */
export class StoredSecrets {
  constructor(
    private readonly state: EnvironmentState,
    private readonly records: EnvironmentRecords,
  ) {}

  get all(): Record<string, StoredSecret> {
    return this.state.secrets ?? {};
  }

  get isEmpty(): boolean {
    return Object.keys(this.all).length === 0;
  }

  /** Clients check the limits first; somebody else's message that exceeds them is ignored. */
  store({ name, ...secret }: StoreSecret): void {
    const next = { ...this.all, [name]: { ...secret, at: Date.now() } };
    if (!fitWithin(next, storedLimits))
      return log.warn(`the secret ${name} is not stored: the environment stores too many`);
    this.state.secrets = next;
    this.records.noteAct(secret, `secret set ${name}`);
  }

  remove({ name, ...act }: RemoveSecret): void {
    const { [name]: removed, ...others } = this.all;
    if (!removed) return;
    this.state.secrets = others;
    this.records.noteAct(act, `secret rm ${name}`);
  }

  /** Takes ciphertexts under a newer key. A value that was set since stays. */
  reseal({ secrets }: ResealedSecrets): void {
    for (const [name, { before, after }] of Object.entries(secrets)) {
      const secret = this.all[name];
      if (secret?.sealed === before) this.state.secrets = { ...this.all, [name]: { ...secret, sealed: after } };
    }
  }
}
