import { z } from 'zod';
import type { HealthCheck, InstanceKind, NetworkAttachment, PortBinding, ResourceAmounts, RestartPolicy } from '../../model/instance';

/** What the labels of a container say about its instance. */
export interface LabelledInstance {
  service: string;
  ordinal: number;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  hash: string;
  keys: Record<string, string>;
  restart: RestartPolicy;
  stopGraceMs: number;
  ports: PortBinding[];
  reserve: ResourceAmounts;
  healthCheck?: HealthCheck;
  preStop?: string[];
  names?: NetworkAttachment[];
}

const largestPort = 65_535;
const count = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const amount = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER).optional();
const port = z.number().int().min(0).max(largestPort);

/** CPUs in cores, memory and storage in bytes. */
export const amounts = z.object({ cpus: amount, memory: amount, gpus: amount, storage: amount });

const portBinding = z.object({ container: port, host: port, hostIp: z.string().optional(), protocol: z.enum(['tcp', 'udp']) });
const attachment = z.object({ name: z.string(), aliases: z.array(z.string()) });
/** By which names an instance is known on which networks. */
export const attachments = z.array(attachment);
const probe = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'), port, path: z.string(), scheme: z.enum(['http', 'https']), headers: z.record(z.string(), z.string()),
  }),
  z.object({ kind: z.literal('tcp'), port }),
  z.object({ kind: z.literal('command'), command: z.array(z.string()) }),
  z.object({ kind: z.literal('runtime') }),
]);
const healthCheck = z.object({ probe, intervalMs: count, timeoutMs: count, retries: count, startPeriodMs: count });

/** The text of a label as JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inJson<T extends z.ZodType>(shape: T): z.ZodPipe<z.ZodTransform<unknown, string>, T> {
  return z.preprocess((text: string) => parseJson(text), shape) as z.ZodPipe<z.ZodTransform<unknown, string>, T>;
}

/** The shape of each label, without its prefix. */
export const labelShapes = {
  service: z.string().min(1),
  ordinal: count,
  deployment: count,
  release: count,
  phase: count,
  kind: z.enum(['service', 'job']),
  hash: z.string(),
  restart: z.string().regex(/^(no|always|unless-stopped|on-failure(:\d+)?)$/).transform((text) => text as RestartPolicy),
  'stop-grace': count,
  keys: inJson(z.record(z.string(), z.string())).optional(),
  ports: inJson(z.array(portBinding)).optional(),
  reserve: inJson(amounts).optional(),
  health: inJson(healthCheck).optional(),
  'pre-stop': inJson(z.array(z.string())).optional(),
  names: inJson(attachments).optional(),
};

export const labelSchema = z.object(labelShapes);
