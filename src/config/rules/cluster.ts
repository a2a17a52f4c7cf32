import { alwaysRestarted } from '../../model/instance';
import type { Finding } from '../problems';
import type { Service, ServiceStrategy, Stack } from '../stack';
import { at, eachService, type Rule } from './rule';

const longestName = 63;
/** A job's name gets the number of its deployment. */
const longestService = 50;
const clusterName = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;
const byHand = 'use letters, digits and -, beginning with a letter';

/** What only a cluster is told is told to one. */
export const clusterKnowsItself: Rule = ({ file, stack }) =>
  stack.runtime !== 'kubernetes' && file.infrastructure?.kubernetes ? [{ path: ['infrastructure', 'kubernetes'], message: 'is for orchestrator: Kubernetes; remove it, or choose that' }] : [];

/** Names become those of a namespace and of what is in it. */
export const namesFitCluster: Rule = ({ stack }) => {
  if (stack.runtime !== 'kubernetes') return [];
  const namespace = `${stack.name}-${stack.environment}`;
  const named = (path: string[], name: string, longest: number): Finding[] => (clusterName.test(name) && name.length <= longest ? [] : [{ path, message: `"${name}" is no name on Kubernetes; ${byHand}, at most ${longest}` }]);
  return [
    ...named(['name'], namespace, longestName),
    ...Object.keys(stack.services).flatMap((name) => named(['services', name], name, longestService)),
    ...Object.entries(stack.volumes).flatMap(([key, { name = key }]) => named(['volumes', key], name, longestService)),
    ...Object.keys(stack.networks).flatMap((name) => named(['networks', name], name, longestService)),
  ];
};

/** What a cluster cannot do as the file says is refused by name, never ignored. */
export const clusterHonours: Rule = eachService((service, { stack }) => (stack.runtime === 'kubernetes' ? [...mountsOf(service), ...processOf(service), ...besideOf(service, stack)] : []));

function mountsOf(service: Service): Finding[] {
  return service.mounts.flatMap((mount, index) => (mount.type === 'bind' ? [at(service, ['volumes', index], 'a folder of a host has no meaning on a cluster; use configs for files, a volume for data')] : []));
}

function processOf(service: Service): Finding[] {
  const { user, restart, kind, healthCheck, image, extraHosts } = service;
  return [
    ...(image === undefined ? [at(service, ['image'], 'is missing: a pod is made of an image')] : []),
    ...(user !== undefined && !/^\d+(:\d+)?$/.test(user) ? [at(service, ['user'], `Kubernetes knows users by number only; write the one of "${user}", such as 1000 or 1000:1000`)] : []),
    ...(kind === 'service' && !alwaysRestarted.has(restart) ? [at(service, ['restart'], `Kubernetes restarts a service whatever its exit; remove it, or make it a job`)] : []),
    ...(healthCheck?.probe.kind === 'runtime' ? [at(service, ['health_check', 'runtime'], "Kubernetes does not read an image's HEALTHCHECK; use http, tcp or command")] : []),
    ...(extraHosts.some((entry) => entry.endsWith(':host-gateway')) ? [at(service, ['extra_hosts'], 'a cluster has no host-gateway; name an address')] : []),
  ];
}

/** What runs beside a service for a while has a name that nothing else has. */
function besideOf({ name, strategy }: Service, { services }: Stack): Finding[] {
  const beside = { canary: `${name}-canary`, blue_green: `${name}-next` }[(strategy as ServiceStrategy).kind as 'canary' | 'blue_green'];
  return beside !== undefined && services[beside] ? [{ path: ['services', beside], message: `is the name of what runs beside ${name} while that is replaced; choose another name` }] : [];
}
