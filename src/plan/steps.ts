import type { InstanceRef, InstanceSpec, NetworkAttachment } from '../model/instance';
import type { Front } from '../model/traffic';
import { counted } from '../model/text';
import { canonical, contentHash } from './service/hash';
import { shortName } from './names';
import type { Action, Step, StepOf, Whereabouts } from './plan';

/** Characters of a digest: enough to distinguish the steps of a service. */
const digestLength = 8;

/** Gives steps their host, task queue, id and title. */
export class StepFactory {
  constructor(private readonly where: Whereabouts) {}

  /** A factory for the host of another step. */
  static beside({ host, taskQueue, named }: Whereabouts): StepFactory {
    return new StepFactory({ host, taskQueue, ...(named && { named }) });
  }

  make<A extends Action>(action: A, service?: string): StepOf<A['kind']> {
    const { host, named } = this.where;
    const title = titleOf(action);
    return {
      id: `${named ? `${host}:` : ''}${service ?? 'stack'}/${action.kind}/${subjectOf(action)}`,
      title: `${title}${named ? ` on ${host}` : ''}`,
      ...this.where,
      ...(service !== undefined && { service }),
      ...action,
    } as never;
  }

  /** Gives an instance exactly the names of these attachments. */
  attach(instance: InstanceRef, networks: NetworkAttachment[], before: NetworkAttachment[]): Step {
    return this.make({ kind: 'attach', instance, networks, before }, instance.service);
  }

  /** Removes the names of an instance, which stays attached to its networks. */
  unname(instance: InstanceRef, known: NetworkAttachment[]): Step {
    return this.attach(
      instance,
      known.map(({ name, links }) => ({ name, aliases: [], ...(links && { links }) })),
      known,
    );
  }

  about(kind: 'await-healthy' | 'retire' | 'revive' | 'remove', instance: InstanceRef): Step {
    return this.make({ kind, instance }, instance.service);
  }
}

/** The subject of a step within its kind and service. It depends on no sentence: those may change with any version. */
function subjectOf(action: Action): string {
  switch (action.kind) {
    case 'pull':
      return action.image.reference;
    case 'create-network':
      return action.network.name;
    case 'create-volume':
      return action.volume.name;
    case 'remove-network':
    case 'remove-volume':
      return action.name;
    case 'update':
      return action.at ?? String(action.instance.ordinal);
    case 'start':
    case 'create-job':
    case 'test':
      return action.instance.workload?.beside ?? String(action.instance.ordinal);
    case 'run-job':
      return String(action.instance.ordinal);
    case 'await-healthy':
    case 'retire':
    case 'revive':
    case 'remove':
    case 'drain':
    case 'restore':
      return action.instance.name;
    case 'hold':
    case 'approve':
      return action.at;
    case 'exec':
      return digestOf([action.instance.name, action.command]);
    case 'select':
      return digestOf(action.to ?? null);
    case 'attach':
      return digestOf([action.instance.name, action.networks]);
    case 'route':
      return digestOf([action.tables, action.before]);
    case 'configure':
      return digestOf([action.front, action.before ?? null]);
    case 'retire-together':
      return digestOf(action.retirements.map(({ instance }) => instance.name));
    case 'remove-together':
    case 'revive-together':
      return digestOf(action.instances.map(({ name }) => name));
  }
}

function digestOf(subject: unknown): string {
  return contentHash(canonical(subject)).slice(0, digestLength);
}

/** The title for people: `start api-1 (ghcr.io/acme/api:1.6.0)`. */
function titleOf(action: Action): string {
  switch (action.kind) {
    case 'pull':
      return `pull ${action.image.reference}`;
    case 'create-network':
      return `create network ${action.network.name}`;
    case 'create-volume':
      return `create volume ${action.volume.name}`;
    case 'update':
      return (
        action.label ?? `update ${nameOf(action.instance)}${action.instance.image ? ` (${action.instance.image})` : ''}`
      );
    case 'select':
      if (action.to === undefined) return `switch ${action.instance.service} back to its own workload`;
      if (typeof action.to === 'object')
        return `send ${action.to.share} % of ${action.instance.service} to ${action.to.workload}`;
      return action.to === '*'
        ? `route ${action.instance.service} to its canary too`
        : `switch ${action.instance.service} to ${action.to}`;
    case 'restore':
      return `restore ${action.instance.service} to its state before deployment ${action.deployment}`;
    case 'start':
    case 'create-job':
      return (
        `${action.kind === 'start' ? 'start' : 'create'} ` +
        `${nameOf(action.instance)}${action.instance.image ? ` (${action.instance.image})` : ''}`
      );
    case 'await-healthy':
      return `wait for ${shortName(action.instance)} to be ${action.instance.healthCheck ? 'healthy' : 'running'}`;
    case 'run-job':
      return `run ${shortName(action.instance)}`;
    case 'exec':
      return `${action.purpose} of ${shortName(action.instance)}`;
    case 'retire':
      return `${action.drain ? 'drain and stop' : 'stop'} ${action.instance.name}`;
    case 'retire-together':
      return `drain and stop ${action.retirements[0]?.instance.name} and ${action.retirements.length - 1} more`;
    case 'revive':
      return `start ${action.instance.name} again`;
    case 'remove':
      return `remove ${action.instance.name}`;
    case 'attach':
      return action.networks.some(({ aliases }) => aliases.length > 0)
        ? `give ${action.instance.name} the names ${namesOf(action.networks)}`
        : `remove the names of ${action.instance.name}`;
    case 'route':
      return action.label;
    case 'configure':
      if (!sameRoutes(action.front, action.before)) return `apply ${counted(action.front.routes.length, 'route')}`;
      return canonical(action.front.certificates) === canonical(action.before?.certificates)
        ? 'apply new settings of the load balancer'
        : 'apply new certificates';
    case 'drain':
      return `drain ${action.instance.name}`;
    case 'test':
      return `smoke test of ${action.instance.service}`;
    case 'hold':
    case 'approve':
      return action.label;
    case 'remove-together':
      return `remove ${action.instances[0]?.name} and ${action.instances.length - 1} more`;
    case 'revive-together':
      return `start ${action.instances[0]?.name} and ${action.instances.length - 1} more again`;
    case 'remove-network':
      return `remove network ${action.name}`;
    case 'remove-volume':
      return `remove volume ${action.name}`;
  }
}

/** A temporary workload beside a service is named by its purpose. */
function nameOf(instance: InstanceSpec): string {
  const { workload, service } = instance;
  if (!workload) return shortName(instance);
  return workload.beside ? `the ${workload.beside === 'canary' ? 'canary' : 'next set'} of ${service}` : service;
}

function sameRoutes(a: Front, b: Front | undefined): boolean {
  return b !== undefined && canonical(a.routes) === canonical(b.routes);
}

function namesOf(networks: NetworkAttachment[]): string {
  return [...new Set(networks.flatMap(({ aliases }) => aliases))].join(', ');
}
