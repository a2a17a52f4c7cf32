import { isAbsolute } from 'node:path';
import { threatDetected, type Subscriber } from '../../model/notification';
import { toSecretSource } from '../normalise/secrets';
import { toTarget } from '../normalise/subscribers';
import { attemptInto, Malformed } from '../normalise/words';
import type { Finding } from '../problems';
import type { AccessFile } from './schema';

/** The subscribers of an installation, and what is wrong with them and their secrets. */
export function subscribersOf({ secrets = {}, subscribers = {} }: AccessFile): {
  subscribers: Subscriber[];
  findings: Finding[];
} {
  const findings: Finding[] = [];
  const attempt = attemptInto(findings);
  const sources = Object.fromEntries(
    Object.entries(secrets).map(([name, secret]) => [
      name,
      attempt(['secrets', name], () => sourceOf(name, secret), { environment: '' }),
    ]),
  );
  const found = Object.entries(subscribers).flatMap(([name, subscriber]) =>
    attempt<Subscriber[]>(
      ['subscribers', name],
      () => [{ name, events: [threatDetected], target: toTarget(subscriber, sources) }],
      [],
    ),
  );
  return { subscribers: found, findings };
}

/** @throws Malformed if a worker would not find it */
function sourceOf(name: string, secret: NonNullable<AccessFile['secrets']>[string]) {
  if (secret.file !== undefined && !isAbsolute(secret.file))
    throw new Malformed('file must be an absolute path: workers read it, each on its own machine');
  return toSecretSource(name, secret, '/');
}
