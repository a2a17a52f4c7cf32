import type { InstanceLog } from '../activities/contract';
import type { Stack } from '../config/stack';
import type { AuditHead, AuditTrail } from '../model/audit';
import type { PinnedImages } from '../model/images';
import type { InstanceLine } from '../model/instance-status';
import type { ObservedInstance, ObservedVolume } from '../model/observation';
import type { Intent, Refusal } from '../plan/plan';
import { makePlan } from '../plan/planner';
import { isUnnamed } from '../plan/unnamed-volumes';
import { activity } from './activity-options';
import { contextOf } from './step-context';
import { summarise } from './deployment/summary';
import type { PlanSummary } from './messages';

export interface PlanRequest {
  kind: 'plan';
  stack: Stack;
  intent: Intent;
  pinned: PinnedImages;
  deployment: number;
  release: { from?: number; to: number };
  jobs: Record<string, string>;
  taskQueue: string;
}

export type InspectInput =
  | PlanRequest
  | { kind: 'status'; stack: Stack; taskQueue: string }
  | { kind: 'logs'; services: string[]; tail: number; after: Record<string, string>; taskQueue: string; stack: Stack }
  | { kind: 'exec'; stack: Stack; instance: string; command: string[]; taskQueue: string }
  | { kind: 'audit'; stack: Stack; last: number; known?: AuditHead; taskQueue: string }
  | { kind: 'volumes'; stack: Stack; taskQueue: string }
  | { kind: 'remove-volume'; stack: Stack; name: string; taskQueue: string };

/** A volume of an environment. Without a name of its own where an image made it. */
export interface VolumeLine {
  name: string;
  unnamed: boolean;
  mountedBy: string[];
}

export interface InspectResults {
  plan: { plan: PlanSummary; refusals: Refusal[] };
  status: InstanceLine[];
  logs: InstanceLog[];
  exec: { exitCode: number; output: string };
  audit: AuditTrail;
  volumes: VolumeLine[];
  'remove-volume': undefined;
}

/** Answers one question of a client about what runs. Clients never touch runtimes. */
export async function inspect(input: InspectInput): Promise<InspectResults[InspectInput['kind']]> {
  const { taskQueue } = input;
  switch (input.kind) {
    case 'plan': {
      const observation = await activity('observe', taskQueue, 'observe what runs')(input.stack, input.pinned);
      const { plan, refusals } = makePlan({ ...input, observation });
      return { plan: summarise(plan), refusals };
    }
    case 'status':
      return activity('describeInstances', taskQueue, 'look at every instance')(input.stack);
    case 'logs': {
      const { instances } = await activity('observe', taskQueue, 'find the instances')({ ...input.stack, services: {} }, {});
      const names = instances.filter(({ service }) => input.services.length === 0 || input.services.includes(service)).map(({ name }) => name);
      return activity('readLogs', taskQueue, `read the logs of ${names.length} instances`)(contextOf(input.stack, 0), names, input.tail, input.after);
    }
    case 'exec':
      return activity('runCommand', taskQueue, `run ${input.command[0]} in ${input.instance}`)(contextOf(input.stack, 0), input.instance, input.command, 3_600_000);
    case 'audit':
      return activity('readAudit', taskQueue, 'read the audit trail')({ stack: input.stack.name, environment: input.stack.environment, folder: input.stack.infrastructure.dataDir }, input.last, input.known);
    case 'volumes': {
      const { volumes, instances } = await activity('observe', taskQueue, 'find the volumes')({ ...input.stack, services: {} }, {});
      return listVolumes(volumes, instances, `${input.stack.name}/${input.stack.environment}`);
    }
    case 'remove-volume':
      return activity('removeVolume', taskQueue, `remove volume ${input.name}`)(contextOf(input.stack, 0), input.name) as Promise<undefined>;
  }
}

function listVolumes(volumes: ObservedVolume[], instances: ObservedInstance[], owner: string): VolumeLine[] {
  const users = new Map<string, string[]>();
  for (const { name, mounts } of instances) for (const mount of mounts) if (mount.type === 'volume') users.set(mount.volume, [...(users.get(mount.volume) ?? []), name]);
  const named = volumes.filter((volume) => volume.owner === owner).map(({ name }) => ({ name, unnamed: false, mountedBy: users.get(name) ?? [] }));
  const unnamed = [...users].filter(([name]) => isUnnamed(name)).map(([name, mountedBy]) => ({ name, unnamed: true, mountedBy }));
  return [...named, ...unnamed];
}
