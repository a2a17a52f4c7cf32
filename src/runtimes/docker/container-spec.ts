import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import { optionNames } from '../../model/container-options';
import {
  withValues,
  type BlkioLimits,
  type ContainerOptions,
  type Device,
  type EngineHealth,
  type InstanceSpec,
  type Joined,
  type Mount,
  type RestartPolicy,
} from '../../model/instance';
import { mapValues } from '../../model/map-values';
import { isCdiDevice } from '../../model/names/cdi';
import { toEndpoint } from './networks/endpoint';
import { composeLabels, instanceLabels, withoutInherited } from './labels';
import { toModes } from './namespaces';
import { toTmpfs } from '../../model/stack/tmpfs';

/** The part of a new container that only the driver knows. */
export interface ContainerDetails {
  /** Name or content address. */
  image: string;
  /** Labels of the image. */
  imageLabels: Record<string, string>;
  /** Variables with values that only the worker can read. */
  variables: Record<string, string>;
  /** Values of secrets that texts refer to, by name. */
  texts?: Record<string, string>;
  /** Ids of the containers whose namespaces it joins. */
  joined?: Joined;
  /** Fixed IP address in the first network. */
  address?: string;
}

type Created = Omit<ContainerCreateOptions, 'HostConfig'> & { HostConfig?: HostConfig };
type Value<Name extends keyof ContainerOptions> = Exclude<ContainerOptions[Name], undefined>;

/** Docker's form of each option; `elsewhere`: of its own below, or no matter of Docker's. */
const forms: { [Name in keyof ContainerOptions]-?: ((value: Value<Name>) => Created) | 'elsewhere' } = {
  entrypoint: (Entrypoint) => ({ Entrypoint }),
  command: (Cmd) => ({ Cmd }),
  workingDir: (WorkingDir) => ({ WorkingDir }),
  user: (User) => ({ User }),
  variables: 'elsewhere',
  envFiles: 'elsewhere',
  secrets: 'elsewhere',
  reserve: ({ memory }) => ({ HostConfig: { MemoryReservation: memory } }),
  limit: ({ cpus, memory }) => ({ HostConfig: { NanoCpus: cpus && Math.round(cpus * 1e9), Memory: memory } }),
  restart: (policy) => ({ HostConfig: { RestartPolicy: toRestartPolicy(policy) } }),
  stopSignal: (StopSignal) => ({ StopSignal }),
  stopGraceMs: (ms) => ({ StopTimeout: Math.ceil(ms / 1000) }),
  labels: 'elsewhere',
  logging: ({ driver = 'json-file', options }) => ({ HostConfig: { LogConfig: { Type: driver, Config: options } } }),
  init: (init) => ({ HostConfig: { Init: init || undefined } }),
  shmSize: (ShmSize) => ({ HostConfig: { ShmSize } }),
  tmpfs: (mounts) => ({
    HostConfig: {
      Tmpfs: Object.fromEntries(mounts.map(toTmpfs).map(({ path, options }) => [path, options.join(',')])),
    },
  }),
  capAdd: (CapAdd) => ({ HostConfig: { CapAdd } }),
  capDrop: (CapDrop) => ({ HostConfig: { CapDrop } }),
  readOnly: (ReadonlyRootfs) => ({ HostConfig: { ReadonlyRootfs } }),
  extraHosts: (ExtraHosts) => ({ HostConfig: { ExtraHosts } }),
  healthCheck: 'elsewhere',
  hostname: (Hostname) => ({ Hostname }),
  privileged: (Privileged) => ({ HostConfig: { Privileged } }),
  devices: (devices) => ({
    HostConfig: { Devices: devices.filter(({ source }) => !isCdiDevice(source)).map(toDevice) },
  }),
  deviceCgroupRules: (DeviceCgroupRules) => ({ HostConfig: { DeviceCgroupRules } }),
  securityOpt: 'elsewhere',
  ulimits: (limits) => ({
    HostConfig: { Ulimits: Object.entries(limits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })) },
  }),
  sysctls: (Sysctls) => ({ HostConfig: { Sysctls } }),
  dns: (Dns) => ({ HostConfig: { Dns } }),
  dnsSearch: (DnsSearch) => ({ HostConfig: { DnsSearch } }),
  dnsOptions: (DnsOptions) => ({ HostConfig: { DnsOptions } }),
  ipc: 'elsewhere',
  pid: 'elsewhere',
  uts: (UTSMode) => ({ HostConfig: { UTSMode } }),
  userns: (UsernsMode) => ({ HostConfig: { UsernsMode } }),
  cgroup: (CgroupnsMode) => ({ HostConfig: { CgroupnsMode } as HostConfig }),
  cgroupParent: (CgroupParent) => ({ HostConfig: { CgroupParent } }),
  groupAdd: (GroupAdd) => ({ HostConfig: { GroupAdd } }),
  tty: (Tty) => ({ Tty }),
  stdinOpen: (OpenStdin) => ({ OpenStdin }),
  ociRuntime: (Runtime) => ({ HostConfig: { Runtime } }),
  pidsLimit: (PidsLimit) => ({ HostConfig: { PidsLimit } }),
  oomScoreAdj: (OomScoreAdj) => ({ HostConfig: { OomScoreAdj } }),
  oomKillDisable: (OomKillDisable) => ({ HostConfig: { OomKillDisable } }),
  memswapLimit: (MemorySwap) => ({ HostConfig: { MemorySwap } }),
  memSwappiness: (MemorySwappiness) => ({ HostConfig: { MemorySwappiness } }),
  cpuShares: (CpuShares) => ({ HostConfig: { CpuShares } }),
  cpuQuota: (CpuQuota) => ({ HostConfig: { CpuQuota } }),
  cpuPeriod: (CpuPeriod) => ({ HostConfig: { CpuPeriod } }),
  cpuset: (CpusetCpus) => ({ HostConfig: { CpusetCpus } }),
  cpuRtPeriod: (CpuRealtimePeriod) => ({ HostConfig: { CpuRealtimePeriod } }),
  cpuRtRuntime: (CpuRealtimeRuntime) => ({ HostConfig: { CpuRealtimeRuntime } }),
  blkio: (limits) => ({ HostConfig: toBlkio(limits) }),
  annotations: (Annotations) => ({ HostConfig: { Annotations } as HostConfig }),
  domainName: (Domainname) => ({ Domainname }),
  storageOpt: (StorageOpt) => ({ HostConfig: { StorageOpt } }),
  platform: (platform) => ({ platform }),
  macAddress: (MacAddress) => ({ MacAddress }),
  deviceRequests: 'elsewhere',
  engineHealth: toHealthcheck,
  healthDisabled: () => ({ Healthcheck: { Test: ['NONE'] } }),
};

/** The request by which Docker creates the container of an instance. Pure. */
export function toCreateRequest(given: InstanceSpec, details: ContainerDetails): ContainerCreateOptions {
  const spec = withTexts(given, details.texts);
  const { image, imageLabels, variables, joined, address } = details;
  const [network] = spec.networks;
  const { HostConfig: host, ...options } = optionForms(spec);
  return {
    name: spec.name,
    Image: image,
    ...options,
    Env: Object.entries({ ...spec.variables, ...variables }).map(([key, value]) => `${key}=${value}`),
    Labels: {
      ...spec.labels,
      ...withoutInherited({ ...imageLabels, ...spec.labels }),
      ...composeLabels(spec),
      ...instanceLabels(spec),
    },
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port.container}/${port.protocol}`, {}])),
    HostConfig: {
      ...host,
      ...toModes(spec, joined),
      PortBindings: toPortBindings(spec),
      Mounts: spec.mounts.filter((mount) => !needsBind(mount)).map(toMount),
      Binds: toBinds(spec.mounts),
      DeviceRequests: toDeviceRequests(spec),
      SecurityOpt: toSecurityOpt(spec),
      ...(spec.securityOpt?.includes(unmaskedPaths) && { MaskedPaths: [], ReadonlyPaths: [] }),
    },
    // Engines before API 1.44 take the address of the first network here only.
    ...(network?.settings?.mac !== undefined && { MacAddress: network.settings.mac }),
    ...(network && {
      NetworkingConfig: {
        EndpointsConfig: {
          [network.name]: toEndpoint(network, address),
        },
      },
    }),
  };
}

/** The spec with values of secrets in the texts that refer to them. */
function withTexts(spec: InstanceSpec, texts: Record<string, string> = {}): InstanceSpec {
  if (Object.keys(texts).length === 0) return spec;
  const filled = (text: string) => withValues(text, texts);
  const { command, entrypoint, labels, logging, engineHealth } = spec;
  return {
    ...spec,
    ...(command && { command: command.map(filled) }),
    ...(entrypoint && { entrypoint: entrypoint.map(filled) }),
    labels: mapValues(labels, filled),
    ...(logging && { logging: { ...logging, options: mapValues(logging.options, filled) } }),
    ...(engineHealth && { engineHealth: { ...engineHealth, command: engineHealth.command.map(filled) } }),
  };
}

const nanosecondsPerMs = 1e6;

function toHealthcheck({ command, intervalMs, timeoutMs, retries, startPeriodMs }: EngineHealth): Created {
  return {
    Healthcheck: {
      Test: ['CMD', ...command],
      Interval: intervalMs * nanosecondsPerMs,
      Timeout: timeoutMs * nanosecondsPerMs,
      Retries: retries,
      StartPeriod: startPeriodMs * nanosecondsPerMs,
    },
  };
}

function optionForms(spec: InstanceSpec): Created {
  const created: Created = { HostConfig: {} };
  for (const name of optionNames) {
    const form = forms[name] as ((value: unknown) => Created) | 'elsewhere';
    if (form === 'elsewhere' || spec[name] === undefined) continue;
    const { HostConfig, ...options } = form(spec[name]);
    Object.assign(created, options);
    Object.assign(created.HostConfig!, HostConfig);
  }
  return created;
}

function toDevice({ source, target, permissions }: Device): NonNullable<HostConfig['Devices']>[number] {
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
}

function toSecurityOpt({ securityOpt = [], noNewPrivileges }: InstanceSpec): string[] | undefined {
  const passed = securityOpt.filter((option) => option !== unmaskedPaths);
  const options = noNewPrivileges
    ? [...passed.filter((option) => !option.startsWith('no-new-privileges')), 'no-new-privileges:true']
    : passed;
  return options.length > 0 ? options : undefined;
}

/** An option of clients, which the API has as paths to mask. */
const unmaskedPaths = 'systempaths=unconfined';

/** Docker's clients send the devices of the Container Device Interface as one request. */
function toDeviceRequests({
  limit,
  reserve,
  deviceRequests = [],
  devices = [],
}: InstanceSpec): HostConfig['DeviceRequests'] {
  const gpus = limit.gpus ?? reserve.gpus;
  const ofInterface = devices.map(({ source }) => source).filter(isCdiDevice);
  const requests = [
    ...(gpus ? [{ Driver: '', Count: gpus, Capabilities: [['gpu']] }] : []),
    ...deviceRequests.map(({ driver, count, ids, capabilities, options }) => ({
      Driver: driver,
      ...(count !== undefined && { Count: count }),
      ...(ids && { DeviceIDs: ids }),
      Capabilities: [capabilities],
      Options: options,
    })),
    ...(ofInterface.length > 0 ? [{ Driver: 'cdi', DeviceIDs: ofInterface }] : []),
  ];
  return requests.length > 0 ? requests : undefined;
}

function toBlkio({ weight, weightDevice, readBps, readIops, writeBps, writeIops }: BlkioLimits): HostConfig {
  const rates = (limits: { path: string; rate: number }[]) =>
    limits.map(({ path, rate }) => ({ Path: path, Rate: rate }));
  return {
    BlkioWeight: weight,
    BlkioWeightDevice: weightDevice.map((each) => ({ Path: each.path, Weight: each.weight })),
    BlkioDeviceReadBps: rates(readBps),
    BlkioDeviceReadIOps: rates(readIops),
    BlkioDeviceWriteBps: rates(writeBps),
    BlkioDeviceWriteIOps: rates(writeIops),
  };
}

function toPortBindings({ ports }: InstanceSpec): HostConfig['PortBindings'] {
  const bindings: Record<string, { HostIp?: string; HostPort: string }[]> = {};
  for (const { container, protocol, host, hostIp } of ports) {
    (bindings[`${container}/${protocol}`] ??= []).push({ ...(hostIp && { HostIp: hostIp }), HostPort: String(host) });
  }
  return bindings;
}

type BindMount = Extract<Mount, { type: 'bind' }>;

/** Only the older form of a bind mount can create a missing folder, and label one for SELinux. */
function needsBind(mount: Mount): mount is BindMount {
  if (mount.type !== 'bind' || mount.recursive !== undefined || mount.source.includes(':')) return false;
  return mount.create === true || mount.selinux !== undefined;
}

/** `/host:/path:ro,z`; undefined if there are none. */
function toBinds(mounts: Mount[]): string[] | undefined {
  const binds = mounts.filter(needsBind).map(({ source, target, readOnly, selinux, propagation }) => {
    return `${source}:${target}:${[readOnly ? 'ro' : 'rw', selinux, propagation].filter(Boolean).join(',')}`;
  });
  return binds.length > 0 ? binds : undefined;
}

const recursions = { disabled: 'NonRecursive', writable: 'ReadOnlyNonRecursive', readonly: 'ReadOnlyForceRecursive' };

/** Engines before API 1.44 do not know `ReadOnlyNonRecursive`, and do just that. */
function withBindOptions({ propagation, recursive, create }: BindMount): Partial<DockerMount> {
  const options = {
    ...(propagation && { Propagation: propagation }),
    ...(recursive && { [recursions[recursive]]: true, ...(create && { CreateMountpoint: true }) }),
  };
  return Object.keys(options).length > 0 ? { BindOptions: options as DockerMount['BindOptions'] } : {};
}

type DockerMount = NonNullable<HostConfig['Mounts']>[number];

function toMount(mount: Mount): DockerMount {
  const { target, readOnly } = mount;
  if (mount.type === 'bind')
    return {
      Type: 'bind',
      Source: mount.source,
      Target: target,
      ReadOnly: readOnly,
      ...withBindOptions(mount),
    };
  if (mount.type === 'image')
    return {
      Type: 'image',
      Source: mount.image,
      Target: target,
      ReadOnly: readOnly,
      ...(mount.subpath !== undefined && { ImageOptions: { Subpath: mount.subpath } }),
    } as unknown as DockerMount;
  const { volume, noCopy, subpath } = mount;
  const options = { ...(noCopy && { NoCopy: true }), ...(subpath !== undefined && { Subpath: subpath }) };
  return {
    Type: 'volume',
    Source: volume,
    Target: target,
    ReadOnly: readOnly,
    ...(Object.keys(options).length > 0 && { VolumeOptions: options as unknown as DockerMount['VolumeOptions'] }),
  };
}

/** A restart policy in Docker's format. */
export function toRestartPolicy(policy: RestartPolicy): { Name: string; MaximumRetryCount?: number } {
  const [name, retries] = policy.split(':');
  return retries === undefined ? { Name: name! } : { Name: name!, MaximumRetryCount: Number(retries) };
}
