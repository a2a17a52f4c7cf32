import { runtimeOf } from '../model/stack/runtime-of';
import type { Service, Stack } from '../model/stack';
import { qualified } from '../kubernetes/names';
import type { RuntimeName } from '../model/runtimes';
import { joinedContainers, joinsIn, type InstanceSpec, type Mount, type SecretMount } from '../model/instance';
import { isCdiGpu } from '../model/names/cdi';
import { sharesNetwork } from '../model/names/network-modes';
import { imagesOf, mountedImages } from '../plan/resources/images';
import { networkName, volumeName } from '../plan/names';
import type { Place } from './patterns';
import { privilegesOf } from './privileges';

/** The part of a service or an instance that the policy checks. */
export interface Subject extends Place {
  service: string;
  runtime: RuntimeName;
  images: string[];
  secrets: SecretMount[];
  envFiles: string[];
  binds: { path: string; source: string }[];
  /** `isExternal`: not created by the engine, but adopted. */
  volumes: { path: string; name: string; isExternal: boolean }[];
  capAdd: string[];
  gpus: number;
  /** Keys by which containers gain privileges on the host. */
  privileges: string[];
  hostNetwork: boolean;
  /** Containers outside the stack whose namespaces it joins, by key. */
  outside: { key: string; container: string }[];
  /** On a cluster: the namespace in which its objects are actually created. */
  namespace?: string;
  serviceAccount?: string;
}

/** The subject of a service of a stack. */
export function subjectOf(service: Service, stack: Stack): Subject {
  const { cluster, networkMode } = stack.infrastructure;
  const runtime = runtimeOf(service, stack);
  return {
    stack: stack.name,
    environment: stack.environment,
    service: service.name,
    runtime,
    images: imagesOf(service),
    ...sourcesOf(service),
    binds: [...bindsOf(service), ...bindsOfVolumes(service, stack)],
    volumes: volumesOf(service.mounts, (key) => {
      return { name: qualified(volumeName(stack, key)).name, isExternal: stack.volumes[key]?.external ?? false };
    }),
    outside: outsideOf(service),
    hostNetwork: sharesNetwork(
      service.networkMode ?? networkMode,
      Object.keys(service.networks).map((key) => networkName(stack, key)),
    ),
    ...(runtime === 'kubernetes' && {
      namespace: cluster?.namespace ?? `${stack.name}-${stack.environment}`,
      serviceAccount: cluster?.serviceAccount,
    }),
  };
}

/** The subject of an instance before it is created. `adopted`: its volumes that the engine did not create. */
export function subjectOfSpec(spec: InstanceSpec, runtime: RuntimeName, adopted: readonly string[] = []): Subject {
  return {
    stack: spec.stack,
    environment: spec.environment,
    service: spec.service,
    runtime,
    images: [spec.image, spec.imageId, ...mountedImages(spec)].filter((image): image is string => Boolean(image)),
    ...sourcesOf(spec),
    volumes: volumesOf(spec.mounts, (name) => ({ name: qualified(name).name, isExternal: adopted.includes(name) })),
    outside: outsideOf(spec),
    hostNetwork: sharesNetwork(
      spec.networkMode,
      spec.networks.map(({ name }) => name),
    ),
    ...(runtime === 'kubernetes' && {
      namespace: qualified(spec.name).namespace,
      serviceAccount: spec.workload?.settings.serviceAccount,
    }),
  };
}

/** A subject that asks for nothing. */
export function emptySubject({ stack, environment }: Place, runtime: RuntimeName): Subject {
  return {
    stack,
    environment,
    service: '',
    runtime,
    images: [],
    secrets: [],
    envFiles: [],
    binds: [],
    volumes: [],
    capAdd: [],
    gpus: 0,
    privileges: [],
    hostNetwork: false,
    outside: [],
  };
}

function sourcesOf(of: Service | InstanceSpec) {
  const { secrets, envFiles, capAdd, reserve, limit, deviceRequests = [], devices = [] } = of;
  const requested = deviceRequests.map(({ count, ids = [] }) => (count === -1 ? Infinity : (count ?? ids.length)));
  const ofInterface = devices.some(({ source }) => isCdiGpu(source)) ? Infinity : 0;
  const gpus = Math.max(limit.gpus ?? 0, reserve.gpus ?? 0, ofInterface, ...requested);
  return { secrets, envFiles, binds: bindsOf(of), capAdd, gpus, privileges: privilegesOf(of) };
}

function bindsOf({ mounts }: Service | InstanceSpec): Subject['binds'] {
  return mounts.flatMap((mount, index) =>
    mount.type === 'bind' ? [{ path: `volumes.${index}`, source: mount.source }] : [],
  );
}

/** Options of a volume's driver can name a path of the host, as a bind mount does. */
function bindsOfVolumes({ mounts }: Service, { volumes }: Stack): Subject['binds'] {
  return mounts.flatMap((mount, index) => {
    const source = mount.type === 'volume' ? hostPathOf(volumes[mount.volume]) : undefined;
    return source === undefined ? [] : [{ path: `volumes.${index}`, source }];
  });
}

/** The path of the host that a volume stands for. */
export function hostPathOf({ driverOptions }: { driverOptions?: Record<string, string> } = {}): string | undefined {
  const device = driverOptions?.device;
  return device?.startsWith('/') ? device : undefined;
}

function outsideOf(of: Service | InstanceSpec): Subject['outside'] {
  return joinsIn(joinedContainers(of)).map(({ key, name: container }) => ({ key, container }));
}

type Volume = Subject['volumes'][number];

function volumesOf(mounts: readonly Mount[], find: (volume: string) => Omit<Volume, 'path'>): Volume[] {
  return mounts.flatMap((mount, index) => {
    return mount.type === 'volume' ? [{ path: `volumes.${index}`, ...find(mount.volume) }] : [];
  });
}
