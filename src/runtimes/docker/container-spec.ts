import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { InstanceSpec, Mount, RestartPolicy } from '../../model/instance';
import { composeLabels, instanceLabels, withoutInherited } from './labels';
import { toTmpfs } from '../../model/stack/tmpfs';

/** Values for a container that only the driver knows. */
export interface ContainerDetails {
  /** Name or content address. */
  image: string;
  /** Labels of the image. */
  imageLabels: Record<string, string>;
  /** Variables with values that only the worker can read. */
  variables: Record<string, string>;
  /** Fixed IP address in the first network. */
  address?: string;
}

/** The create options of an instance's container. Pure. */
export function toContainerOptions(spec: InstanceSpec, details: ContainerDetails): ContainerCreateOptions {
  const { image, imageLabels, variables, address } = details;
  const [network] = spec.networks;
  return {
    name: spec.name,
    Image: image,
    Entrypoint: spec.entrypoint,
    Cmd: spec.command,
    WorkingDir: spec.workingDir,
    User: spec.user,
    Env: Object.entries({ ...spec.variables, ...variables }).map(([key, value]) => `${key}=${value}`),
    Labels: {
      ...spec.labels,
      ...withoutInherited({ ...imageLabels, ...spec.labels }),
      ...composeLabels(spec),
      ...instanceLabels(spec),
    },
    ...(spec.healthDisabled && { Healthcheck: { Test: ['NONE'] } }),
    StopSignal: spec.stopSignal,
    StopTimeout: Math.ceil(spec.stopGraceMs / 1000),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port.container}/${port.protocol}`, {}])),
    HostConfig: toHostConfig(spec),
    ...(network && {
      NetworkingConfig: {
        EndpointsConfig: {
          [network.name]: { Aliases: network.aliases, ...(address && { IPAMConfig: { IPv4Address: address } }) },
        },
      },
    }),
  };
}

function toHostConfig(spec: InstanceSpec): HostConfig {
  return {
    NetworkMode: spec.networkMode === 'host' ? 'host' : spec.networks[0]?.name,
    PortBindings: toPortBindings(spec),
    Mounts: spec.mounts.map(toMount),
    Tmpfs: Object.fromEntries(spec.tmpfs.map(toTmpfs).map(({ path, options }) => [path, options.join(',')])),
    RestartPolicy: toRestartPolicy(spec.restart),
    NanoCpus: spec.limit.cpus && Math.round(spec.limit.cpus * 1e9),
    Memory: spec.limit.memory,
    MemoryReservation: spec.reserve.memory,
    DeviceRequests:
      spec.limit.gpus || spec.reserve.gpus
        ? [{ Driver: '', Count: spec.limit.gpus ?? spec.reserve.gpus, Capabilities: [['gpu']] }]
        : undefined,
    Init: spec.init || undefined,
    ShmSize: spec.shmSize,
    CapAdd: spec.capAdd,
    CapDrop: spec.capDrop,
    ...(spec.noNewPrivileges && { SecurityOpt: ['no-new-privileges:true'] }),
    ...(spec.pidsLimit !== undefined && { PidsLimit: spec.pidsLimit }),
    ReadonlyRootfs: spec.readOnly,
    ExtraHosts: spec.extraHosts,
    LogConfig: spec.logging && { Type: spec.logging.driver ?? 'json-file', Config: spec.logging.options },
  } as HostConfig;
}

function toPortBindings({ ports }: InstanceSpec): HostConfig['PortBindings'] {
  const bindings: Record<string, { HostIp?: string; HostPort: string }[]> = {};
  for (const { container, protocol, host, hostIp } of ports) {
    (bindings[`${container}/${protocol}`] ??= []).push({ ...(hostIp && { HostIp: hostIp }), HostPort: String(host) });
  }
  return bindings;
}

function toMount(mount: Mount): NonNullable<HostConfig['Mounts']>[number] {
  const source = mount.type === 'volume' ? mount.volume : mount.source;
  return { Type: mount.type, Source: source, Target: mount.target, ReadOnly: mount.readOnly };
}

/** A restart policy in Docker's format. */
export function toRestartPolicy(policy: RestartPolicy): { Name: string; MaximumRetryCount?: number } {
  const [name, retries] = policy.split(':');
  return retries === undefined ? { Name: name! } : { Name: name!, MaximumRetryCount: Number(retries) };
}
