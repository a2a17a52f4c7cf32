import type { Stack } from '../../model/stack';
import type { SecretSource } from '../../model/instance';
import type { Activities } from '../contract';
import type { SecretStore } from '../secrets';
import { maskDeep, maskFreeTexts } from '../secrets/mask-deep';

/** A secret source that does not answer must not delay a failure. */
const learningMs = 3000;

type Activity = (...input: unknown[]) => Promise<unknown>;
type Secrets = Pick<SecretStore, 'learn' | 'mask'>;

/** Activities whose results are texts from outside, without names that the workflow uses. */
const textual: ReadonlySet<keyof Activities> = new Set(['reviveInstances', 'removeInstances', 'analyse'] as const);

/** Activities that send data out of the worker: to the audit trail and to subscribers. */
const outgoing: ReadonlySet<keyof Activities> = new Set(['recordAudit', 'deliver'] as const);

/**
 * Wraps activities so that failures contain no secret: message, details, cause and stack are masked. Docker, a shell or
 * a library may repeat its input in an error, in any encoding.
 */
export function withMaskedTexts(activities: Activities, secrets: Secrets): Activities {
  const mask = (text: string) => secrets.mask(text);
  const masked = (Object.entries(activities) as [keyof Activities, Activity][]).map(([name, run]) => [
    name,
    async (...input: unknown[]) => {
      try {
        const result = await run(...(outgoing.has(name) ? [input[0], maskFreeTexts(input[1], mask)] : input));
        return textual.has(name) ? maskDeep(result, mask) : result;
      } catch (error) {
        await learnFrom(input[0], secrets);
        throw maskDeep(error, mask);
      }
    },
  ]);
  return Object.fromEntries(masked) as Activities;
}

/** After a restart of the worker, its masks lack secrets that it gave to instances before: read them again. */
async function learnFrom(context: unknown, secrets: Secrets): Promise<void> {
  const {
    secrets: sources,
    envFiles,
    services,
  } = (context ?? {}) as { secrets?: Record<string, SecretSource>; envFiles?: string[]; services?: Stack['services'] };
  if (typeof sources !== 'object') return;
  const files = Array.isArray(envFiles)
    ? envFiles
    : Object.values(services ?? {}).flatMap((service) => service.envFiles ?? []);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, learningMs);
  });
  await Promise.race([secrets.learn(sources, files), late]).finally(() => clearTimeout(timer));
}
