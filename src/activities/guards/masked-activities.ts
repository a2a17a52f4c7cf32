import type { Stack } from '../../model/stack';
import type { SecretSource } from '../../model/instance';
import type { Activities } from '../contract';
import type { SecretStore } from '../secrets';
import { maskDeep, maskFreeTexts } from '../secrets/mask-deep';

/** A source that does not answer must not hold a failure up. */
const learningMs = 3000;

type Activity = (...input: unknown[]) => Promise<unknown>;
type Secrets = Pick<SecretStore, 'learn' | 'mask'>;

/** Activities whose results are texts of others, and hold no name that the workflow goes by. */
const textual: ReadonlySet<keyof Activities> = new Set(['reviveInstances', 'removeInstances', 'analyse'] as const);

/** What leaves the worker for others: the audit trail, and what subscribers are told. */
const outgoing: ReadonlySet<keyof Activities> = new Set(['recordAudit', 'deliver'] as const);

/**
 * The same activities, out of which no secret comes in a failure: message, details, cause and stack are masked. Docker,
 * a shell or a library may show in an error what it was given, in whatever encoding.
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

/** After a restart the worker has to read what it once gave to an instance. */
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
