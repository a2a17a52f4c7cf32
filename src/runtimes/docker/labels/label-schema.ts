import { z } from 'zod';
import type {
  HealthCheck,
  InstanceKind,
  Joined,
  NetworkAttachment,
  PortBinding,
  ResourceAmounts,
  RestartPolicy,
  SecretMount,
} from '../../../model/instance';
import {
  amounts,
  attachments,
  healthCheck,
  instanceKind,
  joined,
  portBinding,
  restartPolicy,
  sealedMount,
  whole,
} from '../../instance-shapes';
import { parseJson } from '../../../model/text/json';

/** The instance that the labels of a container describe. */
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
  preStopSecrets?: SecretMount[];
  names?: NetworkAttachment[];
  joins?: Joined;
  joinsOutside?: Joined;
  mayComplete?: true;
}

const count = z.coerce.number().pipe(whole);

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
  kind: instanceKind,
  hash: z.string(),
  restart: restartPolicy,
  'stop-grace': count,
  keys: inJson(z.record(z.string(), z.string())).optional(),
  ports: inJson(z.array(portBinding)).optional(),
  reserve: inJson(amounts).optional(),
  health: inJson(healthCheck).optional(),
  'pre-stop': inJson(z.array(z.string())).optional(),
  'pre-stop-secrets': inJson(z.array(sealedMount)).optional(),
  names: inJson(attachments).optional(),
  joins: inJson(joined).optional(),
  'joins-outside': inJson(joined).optional(),
  'may-complete': inJson(z.literal(true)).optional(),
};

export const labelSchema = z.object(labelShapes);
