import { z } from 'zod';
import { largestPort } from '../model/names/host-port';
import { parseJson } from '../model/text/json';
import type { Joined, RestartPolicy, SecretMount } from '../model/instance';
import { grammarOf } from '../model/names';

/** Schemas of instance data in labels or annotations, which others can write too. */

const port = z.number().int().min(0).max(largestPort);
const amount = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER).optional();

/** A count, or a time in ms. */
export const whole = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** CPUs in cores, memory and storage in bytes. */
export const amounts = z.object({ cpus: amount, memory: amount, gpus: amount, storage: amount });

export const instanceKind = z.enum(['service', 'job']);

export const portBinding = z.object({
  container: port,
  host: port,
  hostIp: z.string().optional(),
  protocol: z.enum(['tcp', 'udp', 'sctp']),
});

/** Networks of an instance, its names on each, and those that only it knows. */
export const attachments = z.array(
  z.object({ name: z.string(), aliases: z.array(z.string()), links: z.record(z.string(), z.string()).optional() }),
);

/** `always`, or `on-failure:3`. */
export const restartPolicy = z
  .string()
  .regex(/^(no|always|unless-stopped|on-failure(:\d+)?)$/)
  .transform((text) => text as RestartPolicy);

const probe = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'),
    port,
    path: z.string(),
    scheme: z.enum(['http', 'https']),
    headers: z.record(z.string(), z.string()),
  }),
  z.object({ kind: z.literal('tcp'), port }),
  z.object({ kind: z.literal('command'), command: z.array(z.string()) }),
  z.object({ kind: z.literal('runtime') }),
]);

export const healthCheck = z.object({
  probe,
  intervalMs: whole,
  timeoutMs: whole,
  retries: whole,
  startPeriodMs: whole,
});

/** The strings of a JSON list; empty if it is invalid. */
export function textsIn(json: string | undefined): string[] {
  const list = parseJson(json ?? '[]');
  return Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : [];
}

/** Names of instances whose namespaces an instance joins. */
export const joined = z.object({
  network: z.string().optional(),
  ipc: z.string().optional(),
  pid: z.string().optional(),
}) satisfies z.ZodType<Joined>;

const ciphertext = z.string().regex(grammarOf('ciphertext').pattern);

/** A sealed secret that texts of an instance refer to. Labels name no other source: anybody can write them. */
export const sealedMount = z.object({
  name: z.string(),
  source: z.object({ sealed: ciphertext, parts: z.record(z.string(), ciphertext).optional() }),
  target: z.object({ texts: z.literal(true) }),
}) satisfies z.ZodType<SecretMount>;
