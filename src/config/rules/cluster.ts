import { alwaysRestarted } from '../../model/instance';
import { registryHost } from '../../model/names/image-reference';
import { toTmpfs } from '../../model/stack/tmpfs';
import { mountedVolumes } from '../../model/stack/mounted-volumes';
import type { Finding } from '../problems';
import type { ServiceInput } from '../schema/service';
import type { Service, ServiceStrategy, Stack } from '../../model/stack';
import { reachesClusters, runtimeOf } from '../../model/stack/runtime-of';
import { ownersOf } from './files';
import { at, eachService, type Rule } from './rule';

const longestName = 63;
/** Jobs append the number of the deployment to this name. */
const longestService = 50;
const clusterName = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** Rejects cluster-only keys off-cluster, and Docker-only keys on clusters. */
export const clusterKeysApply: Rule = ({ file: { infrastructure = {}, networks = {} }, stack }) => {
  if (!reachesClusters(stack))
    return infrastructure.kubernetes
      ? [
          {
            path: ['infrastructure', 'kubernetes'],
            message:
              'applies to clusters only; remove it, or set orchestrator: Kubernetes, ' +
              'or give one of the hosts `kubernetes: CONTEXT`',
          },
        ]
      : [];
  const used = networksOf(onCluster(stack));
  const unknown = (['internal', 'external'] as const).flatMap((key) =>
    Object.entries(networks)
      .filter(([name, network]) => network?.[key] && used.has(name))
      .map(([name]) => ({
        path: ['networks', name, key],
        message: `is not supported on a cluster, where networks are NetworkPolicies; remove ${key}`,
      })),
  );
  const { gateway, ingress_class: ingressClass } = infrastructure.kubernetes ?? {};
  const both: Finding[] =
    gateway !== undefined && ingressClass !== undefined
      ? [
          {
            path: ['infrastructure', 'kubernetes', 'ingress_class'],
            message: 'is for an Ingress, but with gateway, services get an HTTPRoute; keep one of the two',
          },
        ]
      : [];
  return [
    ...both,
    ...(infrastructure.load_balancer && !stack.front
      ? [
          {
            path: ['infrastructure', 'load_balancer'],
            message: 'is not used on a cluster: exposed services get an Ingress; remove load_balancer',
          },
        ]
      : []),
    ...unknown,
  ];
};

/** Names that become names of Kubernetes objects must be valid there. */
export const namesFitCluster: Rule = ({ stack }) => {
  const services = onCluster(stack);
  if (services.length === 0) return [];
  const volumes = mountedVolumes(services);
  const networks = networksOf(services);
  const namespace = stack.infrastructure.cluster?.namespace ?? `${stack.name}-${stack.environment}`;
  const named = (path: string[], name: string, longest: number): Finding[] =>
    clusterName.test(name) && name.length <= longest
      ? []
      : [
          {
            path,
            message:
              `"${name}" is not a valid name on Kubernetes; use at most ${longest} lower-case ` +
              `letters, digits and -, starting with a letter`,
          },
        ];
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

/** On a cluster, a DNS name belongs to one service. */
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
                `"${alias}" is already a name of ${owner}, and on a cluster a name belongs to one service; ` +
                  'choose another alias',
              ),
            ];
      }),
    ),
  );
}

/** Rejects settings that a cluster cannot apply as written, instead of ignoring them. */
export const clusterSupports: Rule = eachService((service, { file, stack }) =>
  runtimeOf(service, stack) === 'kubernetes'
    ? [
        ...mountsOf(service),
        ...tmpfsOf(service),
        ...ownersOf(service),
        ...exposureOf(service, file.services[service.name]!, stack),
        ...buildOf(service, file.services[service.name]!),
        ...processOf(service),
        ...reservedNameOf(service, stack),
      ]
    : [],
);

/** The nodes of a cluster pull images: one that no registry has never gets there. */
function buildOf(service: Service, { build }: ServiceInput): Finding[] {
  return build === undefined || registryHost(service.image ?? '') !== undefined
    ? []
    : [
        at(
          service,
          ['image'],
          'names no registry, and the nodes of a cluster pull from one; ' +
            `write image: registry.example.com/${service.image}`,
        ),
      ];
}

function mountsOf(service: Service): Finding[] {
  return service.mounts.flatMap((mount, index) =>
    mount.type === 'volume'
      ? []
      : [
          at(
            service,
            ['volumes', index],
            `${mount.type} mounts are not supported on a cluster; use configs for files, a volume for data`,
          ),
        ],
  );
}

/** Rejects settings that belong to the cluster's Ingress controller or Gateway. */
function exposureOf(service: Service, { expose }: ServiceInput, { infrastructure: { cluster } }: Stack): Finding[] {
  const ofController =
    cluster?.gateway === undefined ? (['host_port', 'timeout'] as const) : (['host_port', 'timeout', 'tls'] as const);
  const addresses = service.ports.flatMap(({ hostIp }, index) =>
    hostIp === undefined
      ? []
      : [at(service, ['ports', index], `a cluster cannot listen on an address of a host; remove ${hostIp}`)],
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
            `is configured in the cluster's ` +
              `${cluster?.gateway === undefined ? 'Ingress controller' : 'Gateway'}; remove ${key}`,
          ),
        ),
    );
  return [...addresses, ...exposures];
}

/** On a cluster, size is the only option of a tmpfs. */
function tmpfsOf(service: Service): Finding[] {
  return service.tmpfs.flatMap((entry, index) => {
    const unsupported = toTmpfs(entry).options.filter((option) => !/^(rw|defaults|size=\d+[kmg]?)$/i.test(option));
    return unsupported.length > 0
      ? [
          at(
            service,
            ['tmpfs', index],
            `size is the only option of a tmpfs on a cluster; remove ${unsupported.join(', ')}`,
          ),
        ]
      : [];
  });
}

function processOf(service: Service): Finding[] {
  const { user, restart, kind, healthCheck, image, extraHosts } = service;
  return [
    ...(image === undefined ? [at(service, ['image'], 'is required on a cluster; name an image')] : []),
    ...(user !== undefined && !/^\d+(:\d+)?$/.test(user)
      ? [
          at(
            service,
            ['user'],
            `Kubernetes accepts numeric users only; write the ID of "${user}", such as 1000 or 1000:1000`,
          ),
        ]
      : []),
    ...(kind === 'service' && !alwaysRestarted.has(restart)
      ? [at(service, ['restart'], 'Kubernetes always restarts a service; remove restart, or set kind: job')]
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
      ? [at(service, ['extra_hosts'], 'a cluster has no host-gateway; write an IP address')]
      : []),
  ];
}

/** Reserves the name of the second workload during a canary or blue-green rollout. */
function reservedNameOf({ name, strategy }: Service, { services }: Stack): Finding[] {
  const second = { canary: `${name}-canary`, blue_green: `${name}-next` }[
    (strategy as ServiceStrategy).kind as 'canary' | 'blue_green'
  ];
  return second !== undefined && services[second]
    ? [
        {
          path: ['services', second],
          message: `is reserved for the second workload of ${name} during a rollout; choose another name`,
        },
      ]
    : [];
}
