import { alwaysRestarted } from '../../model/instance';
import { toTmpfs } from '../../model/stack/tmpfs';
import { mountedVolumes } from '../../model/stack/mounted-volumes';
import type { Finding } from '../problems';
import type { ServiceInput } from '../schema/service';
import type { Service, ServiceStrategy, Stack } from '../../model/stack';
import { reachesClusters, runtimeOf } from '../../model/stack/runtime-of';
import { ownersOf } from './files';
import { at, eachService, type Rule } from './rule';

const longestName = 63;
/** A job's name gets the number of its deployment. */
const longestService = 50;
const clusterName = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;
const byHand = 'use letters, digits and -, beginning with a letter';

/** What only a cluster is told is told to one, and it is told nothing that only an engine of hosts does. */
export const clusterKnowsItself: Rule = ({ file: { infrastructure = {}, networks = {} }, stack }) => {
  if (!reachesClusters(stack))
    return infrastructure.kubernetes
      ? [
          {
            path: ['infrastructure', 'kubernetes'],
            message:
              'is for a cluster: orchestrator: Kubernetes, or a host with ' +
              'kubernetes; remove it, or choose one of those',
          },
        ]
      : [];
  const used = networksOf(onCluster(stack));
  const unknown = (['internal', 'external'] as const).flatMap((key) =>
    Object.entries(networks)
      .filter(([name, network]) => network?.[key] && used.has(name))
      .map(([name]) => ({
        path: ['networks', name, key],
        message: `means nothing on a cluster, where a network is who may reach whom; remove ${key}`,
      })),
  );
  const { gateway, ingress_class: ingressClass } = infrastructure.kubernetes ?? {};
  const both: Finding[] =
    gateway !== undefined && ingressClass !== undefined
      ? [
          {
            path: ['infrastructure', 'kubernetes', 'ingress_class'],
            message: 'is of an Ingress, and what is exposed comes in by the gateway; keep one of the two',
          },
        ]
      : [];
  return [
    ...both,
    ...(infrastructure.load_balancer && !stack.front
      ? [
          {
            path: ['infrastructure', 'load_balancer'],
            message: 'a cluster has a front door of its own: what is exposed gets an Ingress; remove it',
          },
        ]
      : []),
    ...unknown,
  ];
};

/** Names become those of a namespace and of what is in it. */
export const namesFitCluster: Rule = ({ stack }) => {
  const services = onCluster(stack);
  if (services.length === 0) return [];
  const volumes = mountedVolumes(services);
  const networks = networksOf(services);
  const namespace = stack.infrastructure.cluster?.namespace ?? `${stack.name}-${stack.environment}`;
  const named = (path: string[], name: string, longest: number): Finding[] =>
    clusterName.test(name) && name.length <= longest
      ? []
      : [{ path, message: `"${name}" is no name on Kubernetes; ${byHand}, at most ${longest}` }];
  return [
    ...named(['name'], namespace, longestName),
    ...services.flatMap(({ name }) => named(['services', name], name, longestService)),
    ...Object.entries(stack.volumes)
      .filter(([key]) => volumes.has(key))
      .flatMap(([key, { name = key }]) => named(['volumes', key], name, longestService)),
    ...Object.keys(stack.networks)
      .filter((name) => networks.has(name))
      .flatMap((name) => named(['networks', name], name, longestService)),
    ...aliasesOf(services),
  ];
};

function onCluster(stack: Stack): Service[] {
  return Object.values(stack.services).filter((service) => runtimeOf(service, stack) === 'kubernetes');
}

function networksOf(services: Service[]): Set<string> {
  return new Set(services.flatMap(({ networks }) => Object.keys(networks)));
}

/** A name leads to one service. */
function aliasesOf(services: Service[]): Finding[] {
  const owners = new Map(services.map(({ name }) => [name, name]));
  return services.flatMap((service) =>
    Object.entries(service.networks).flatMap(([network, { aliases }]) =>
      aliases.flatMap((alias) => {
        const owner = owners.get(alias) ?? service.name;
        owners.set(alias, owner);
        return owner === service.name
          ? []
          : [
              at(
                service,
                ['networks', network, 'aliases'],
                `"${alias}" is a name of ${owner} already; on a cluster a name leads to one service`,
              ),
            ];
      }),
    ),
  );
}

/** What a cluster cannot do as the file says is refused by name, never ignored. */
export const clusterHonours: Rule = eachService((service, { file, stack }) =>
  runtimeOf(service, stack) === 'kubernetes'
    ? [
        ...mountsOf(service),
        ...tmpfsOf(service),
        ...ownersOf(service),
        ...doorOf(service, file.services[service.name]!, stack),
        ...processOf(service),
        ...besideOf(service, stack),
      ]
    : [],
);

function mountsOf(service: Service): Finding[] {
  return service.mounts.flatMap((mount, index) =>
    mount.type === 'bind'
      ? [
          at(
            service,
            ['volumes', index],
            'a folder of a host has no meaning on a cluster; use configs for files, a volume for data',
          ),
        ]
      : [],
  );
}

/** The way in is the cluster's own. */
function doorOf(service: Service, { expose }: ServiceInput, { infrastructure: { cluster } }: Stack): Finding[] {
  const ofController =
    cluster?.gateway === undefined ? (['host_port', 'timeout'] as const) : (['host_port', 'timeout', 'tls'] as const);
  const addresses = service.ports.flatMap(({ hostIp }, index) =>
    hostIp === undefined
      ? []
      : [at(service, ['ports', index], `a cluster listens on no address of a host; leave ${hostIp} out`)],
  );
  const exposures = [expose ?? []]
    .flat()
    .flatMap((each, index) =>
      ofController
        .filter((key) => each[key] !== undefined)
        .map((key) =>
          at(
            service,
            ['expose', ...(Array.isArray(expose) ? [index] : []), key],
            `is a matter of the cluster's ` +
              `${cluster?.gateway === undefined ? 'Ingress controller' : 'Gateway'}; remove ${key}`,
          ),
        ),
    );
  return [...addresses, ...exposures];
}

/** A cluster's folder in memory has a size, and nothing else of what Docker's has. */
function tmpfsOf(service: Service): Finding[] {
  return service.tmpfs.flatMap((entry, index) => {
    const lost = toTmpfs(entry).options.filter((option) => !/^(rw|defaults|size=\d+[kmg]?)$/i.test(option));
    return lost.length > 0
      ? [
          at(
            service,
            ['tmpfs', index],
            `a folder in memory has nothing but a size on a cluster; remove ${lost.join(', ')}`,
          ),
        ]
      : [];
  });
}

function processOf(service: Service): Finding[] {
  const { user, restart, kind, healthCheck, image, extraHosts } = service;
  return [
    ...(image === undefined ? [at(service, ['image'], 'is missing: a pod is made of an image')] : []),
    ...(user !== undefined && !/^\d+(:\d+)?$/.test(user)
      ? [
          at(
            service,
            ['user'],
            `Kubernetes knows users by number only; write the one of "${user}", such as 1000 or 1000:1000`,
          ),
        ]
      : []),
    ...(kind === 'service' && !alwaysRestarted.has(restart)
      ? [at(service, ['restart'], `Kubernetes restarts a service whatever its exit; remove it, or make it a job`)]
      : []),
    ...(healthCheck?.probe.kind === 'runtime'
      ? [
          at(
            service,
            ['health_check', 'runtime'],
            "Kubernetes does not read an image's HEALTHCHECK; use http, tcp or command",
          ),
        ]
      : []),
    ...(extraHosts.some((entry) => entry.endsWith(':host-gateway'))
      ? [at(service, ['extra_hosts'], 'a cluster has no host-gateway; name an address')]
      : []),
  ];
}

/** What runs beside a service for a while has a name that nothing else has. */
function besideOf({ name, strategy }: Service, { services }: Stack): Finding[] {
  const beside = { canary: `${name}-canary`, blue_green: `${name}-next` }[
    (strategy as ServiceStrategy).kind as 'canary' | 'blue_green'
  ];
  return beside !== undefined && services[beside]
    ? [
        {
          path: ['services', beside],
          message: `is the name of what runs beside ${name} while that is replaced; choose another name`,
        },
      ]
    : [];
}
