import { getExternalWorkflowHandle, patched } from '@temporalio/workflow';
import type { AuditPlace } from '../../activities/contract';
import { environmentId, resealedSecretsSignal, type Act } from '../messages';
import { activity } from './activity-options';
import { patches } from './patches';
import { recordAct } from './recorded-act';
import { serialised } from './serialised-events';

export interface ResealRequest {
  kind: 'reseal';
  place: AuditPlace;
  /** Ciphertexts by name, as the environment stores them. */
  secrets: Record<string, string>;
  taskQueue: string;
  act?: Act;
}

/** Lets a worker seal the stored secrets of an environment with its current key; returns the names of those it did. */
export async function reseal({ place, secrets, taskQueue, act }: ResealRequest): Promise<string[]> {
  await recordAct(place, taskQueue, 'secret reseal', act);
  const after = await activity('resealSecrets', taskQueue, 'seal stored secrets with the current key')(secrets);
  const names = Object.keys(after);
  if (names.length === 0) return [];
  const changes = Object.fromEntries(names.map((name) => [name, { before: secrets[name]!, after: after[name]! }]));
  if (patched(patches.statements)) {
    await activity('passResealed', taskQueue, 'store them in the environment')(place, changes);
    return names;
  }
  const environment = getExternalWorkflowHandle(environmentId(place));
  await serialised(environment.signal(resealedSecretsSignal, { secrets: changes }));
  return names;
}
