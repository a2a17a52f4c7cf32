import { z } from 'zod';
import { recordAnnotation, stateAnnotation, type InstanceRecord, type IntendedState } from '../../../kubernetes/record';
import {
  amounts,
  attachments,
  healthCheck,
  instanceKind,
  portBinding,
  restartPolicy,
  whole,
} from '../../instance-shapes';
import { parseJson } from '../../../model/text/json';
import { RuntimeError } from '../../runtime';

/** The instance that the annotations of a workload describe. */
export interface NotedInstance {
  record: InstanceRecord;
  state: IntendedState;
}

type Annotations = Record<string, string> | undefined;

const recordSchema: z.ZodType<InstanceRecord> = z.object({
  service: z.string().min(1),
  ordinal: whole,
  deployment: whole,
  release: whole,
  phase: whole,
  kind: instanceKind,
  hash: z.string(),
  keys: z.record(z.string(), z.string()),
  image: z.string().optional(),
  restart: restartPolicy,
  stopGraceMs: whole,
  ports: z.array(portBinding),
  reserve: amounts,
  healthCheck: healthCheck.optional(),
  preStop: z.array(z.string()).optional(),
  networks: attachments,
  replicas: whole.optional(),
  replaces: whole.optional(),
  beside: z.enum(['canary', 'next']).optional(),
  restartedBy: whole.optional(),
});

const stateSchema: z.ZodType<IntendedState> = z.enum(['created', 'running', 'retired']);

/**
 * Undefined if the object is not the engine's.
 * @throws RuntimeError of kind `software` that names the invalid annotation
 */
export function readRecord(annotations: Annotations): NotedInstance | undefined {
  const text = annotations?.[recordAnnotation];
  if (text === undefined) return undefined;
  const record = recordSchema.safeParse(parseJson(text));
  const state = stateSchema.safeParse(annotations![stateAnnotation]);
  if (record.success && state.success) return { record: record.data, state: state.data };
  const invalid = record.success ? stateAnnotation : recordAnnotation;
  throw new RuntimeError('software', `its annotation ${invalid} cannot be read`);
}

/** The same for an object of any owner: also undefined if it is invalid. */
export function readForeignRecord(annotations: Annotations): NotedInstance | undefined {
  try {
    return readRecord(annotations);
  } catch {
    return undefined;
  }
}
