import type { Data } from '../canonical/values';
import { serviceIn, toLink } from '../implied';
import type { Part } from './part';
import { toStrategy } from './strategy';
import { dataOf, swarm } from './values';

/** Replicas, restart policy, labels and strategy of a service. */
export function toDeploy({ name, service, relations, notes }: Part): Data {
  const { restart, scale } = service;
  const deploy = dataOf(service.deploy);
  const { mode, replicas, labels, restart_policy: policy, update_config: update } = deploy;
  const ignored = ['endpoint_mode', 'placement', 'rollback_config'].filter((key) => deploy[key] !== undefined);
  for (const key of ignored) notes.ignore(['deploy', key], swarm);
  if (mode !== undefined && mode !== 'replicated') notes.ignore(['deploy', 'mode'], swarm);
  if (labels !== undefined) notes.ignore(['deploy', 'labels'], `${swarm}: labels of containers stand under labels`);
  const count = scale ?? replicas;
  const isJob = relations.jobs.has(name);
  return {
    ...(count !== undefined && { replicas: count }),
    ...toRestartOf(isJob, policy === undefined ? (restart ?? 'no') : toRestart(dataOf(policy), notes), notes),
    ...(update !== undefined && !isJob && toStrategy({ name, service, relations, notes })),
  };
}

const mostAttempts = 10;

/** A job ends: only `on-failure` starts it again, and not for ever. */
function toRestartOf(isJob: boolean, restart: unknown, notes: Part['notes']): Data {
  if (!isJob || String(restart).startsWith('on-failure:')) return { restart };
  if (restart === 'on-failure') {
    notes.ignore(['restart'], `is limited to ${mostAttempts} attempts, so that the deployment ends`);
    return { restart: `on-failure:${mostAttempts}` };
  }
  if (restart !== 'no')
    notes.ignore(['restart'], 'has no effect: others wait until it has completed, so it is a job, which runs once');
  return {};
}

/** A policy under `deploy` wins over `restart`. */
function toRestart(policy: Data, notes: Part['notes']): string {
  for (const key of ['delay', 'window'])
    if (policy[key] !== undefined)
      notes.ignore(
        ['deploy', 'restart_policy', key],
        'has no place in a restart policy of Docker, and Compose ignores it too',
      );
  const { condition, max_attempts: attempts } = policy;
  if (condition === 'on-failure') return attempts === undefined ? 'on-failure' : `on-failure:${String(attempts)}`;
  if (attempts !== undefined)
    notes.ignore(
      ['deploy', 'restart_policy', 'max_attempts'],
      'has no effect: Docker counts attempts of on-failure only',
    );
  if (condition === 'none' || condition === 'no') return 'no';
  return condition === 'unless-stopped' ? condition : 'always';
}

/** Limits and reservations, from either of the places that Compose has for them. */
export function toResources({ service, notes }: Part): Data {
  const { limits, reservations } = dataOf(dataOf(service.deploy).resources) as {
    limits?: unknown;
    reservations?: unknown;
  };
  const { cpus, memory, pids } = dataOf(limits);
  const reserved = dataOf(reservations);
  if (reserved.generic_resources !== undefined)
    notes.ignore(['deploy', 'resources', 'reservations', 'generic_resources'], swarm);
  const limit = only({ cpus: service.cpus ?? cpus, memory: service.mem_limit ?? memory });
  const reserve = only({ cpus: reserved.cpus, memory: service.mem_reservation ?? reserved.memory });
  const devices = [
    ...((service.gpus as Data[] | undefined) ?? []),
    ...((reserved.devices as Data[] | undefined) ?? []),
  ];
  return {
    ...(Object.keys(limit).length + Object.keys(reserve).length > 0 && {
      resources: {
        ...(Object.keys(limit).length > 0 && { limit }),
        ...(Object.keys(reserve).length > 0 && { reserve }),
      },
    }),
    ...(pids !== undefined && { pids_limit: pids }),
    ...(devices.length > 0 && { gpus: devices }),
  };
}

/** 0 means no limit. */
function only(amounts: Data): Data {
  return Object.fromEntries(
    Object.entries(amounts).filter(([, amount]) => amount !== undefined && Number(amount) !== 0),
  );
}

/** Dependencies with the conditions that Compose has, on services that are deployed. */
export function toDependencies({ service, relations, notes }: Part): Data {
  const dependencies = Object.entries(dataOf(service.depends_on)).filter(([name]) =>
    Object.hasOwn(relations.project.services, name),
  );
  if (dependencies.length === 0) return {};
  return {
    depends_on: Object.fromEntries(
      dependencies.map(([name, entry]) => [name, toDependency(name, entry as Data, { service, relations, notes })]),
    ),
  };
}

function toDependency(name: string, entry: Data, { service, relations, notes }: Omit<Part, 'name'>): Data | string {
  const isJob = relations.jobs.has(name);
  const condition = conditionOf(entry.condition, isJob);
  if (entry.restart !== true || (entry.condition === 'service_started' && isImplied(service, name))) return condition;
  if (!isJob) return { condition, restart: true };
  notes.ignore(['depends_on', name, 'restart'], 'has no effect: a job that runs again replaces nothing');
  return condition;
}

/** Nobody wrote the restart that a link or a namespace implies: names go on, and namespaces are followed anyway. */
function isImplied({ links, network_mode: network, ipc, pid }: Data, name: string): boolean {
  const isLinked = Array.isArray(links) && links.some((link) => toLink(link).service === name);
  return isLinked || [network, ipc, pid].some((mode) => serviceIn(mode) === name);
}

/** A job has no other condition than its completion. */
function conditionOf(condition: unknown, isJob: boolean): string {
  if (isJob) return 'completed';
  return condition === 'service_healthy' ? 'healthy' : 'started';
}
