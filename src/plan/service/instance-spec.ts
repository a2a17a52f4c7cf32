import type { EveryOption } from '../../model/container-options';
import type { Service, ServiceMount, Stack } from '../../model/stack';
import { volumeOfReplica } from '../../model/stack/mounted-volumes';
import { referredIn, type InstanceRef, type InstanceSpec, type Mount, type PortBinding } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import type { Fingerprint } from './fingerprint';
import type { Followed } from '../followers/followed';
import type { ObservationIndex } from '../observation-index';
import { instanceName, networkName, volumeName } from '../names';

export interface SpecContext {
  stack: Stack;
  known: ObservationIndex;
  followed: Followed;
  deployment: number;
  release: number;
  phase: number;
}

/** The specification for a runtime to start one instance of a service. */
export function toInstanceSpec(
  service: Service,
  ordinal: number,
  ports: PortBinding[],
  { hash, keys }: Fingerprint,
  context: SpecContext,
): InstanceSpec & EveryOption {
  const { stack, known, followed, deployment, release, phase } = context;
  const joins = followed.joinsOf(service);
  const preStopSecrets = referredIn(service.hooks.preStop ?? [], service.secrets);
  const networkMode = service.networkMode ?? stack.infrastructure.networkMode;
  return {
    name: instanceName(stack, service, ordinal, deployment),
    stack: stack.name,
    environment: stack.environment,
    service: service.name,
    ordinal,
    deployment,
    release,
    phase,
    kind: service.kind,
    image: service.image,
    imageId: service.image && known.imageId(service.image),
    files: service.configs.map(({ name, ...target }) => ({ ...target, content: stack.configs[name]?.content ?? '' })),
    ports,
    mounts: service.mounts.map((mount) => toMount(mount, ordinal, context)),
    networks:
      networkMode === 'bridge'
        ? Object.entries(service.networks).map(([key, { aliases, links, settings }]) => ({
            name: networkName(stack, key),
            aliases: [service.name, ...aliases],
            ...(links && { links }),
            ...(settings && { settings }),
          }))
        : [],
    networkMode,
    ...(Object.keys(joins).length > 0 && { joins }),
    entrypoint: service.entrypoint,
    command: service.command,
    workingDir: service.workingDir,
    user: service.user,
    variables: service.variables,
    envFiles: service.envFiles,
    secrets: service.secrets,
    restart: service.restart,
    stopSignal: service.stopSignal,
    stopGraceMs: service.stopGraceMs,
    labels: service.labels,
    logging: service.logging,
    init: service.init,
    shmSize: service.shmSize,
    tmpfs: service.tmpfs,
    capAdd: service.capAdd,
    capDrop: service.capDrop,
    readOnly: service.readOnly,
    extraHosts: service.extraHosts,
    healthCheck: service.healthCheck,
    healthDisabled: service.healthDisabled,
    hostname: service.hostname,
    privileged: service.privileged,
    devices: service.devices,
    deviceCgroupRules: service.deviceCgroupRules,
    securityOpt: service.securityOpt,
    ulimits: service.ulimits,
    sysctls: service.sysctls,
    dns: service.dns,
    dnsSearch: service.dnsSearch,
    dnsOptions: service.dnsOptions,
    ipc: service.ipc,
    pid: service.pid,
    uts: service.uts,
    userns: service.userns,
    cgroup: service.cgroup,
    cgroupParent: service.cgroupParent,
    groupAdd: service.groupAdd,
    tty: service.tty,
    stdinOpen: service.stdinOpen,
    ociRuntime: service.ociRuntime,
    pidsLimit: service.pidsLimit,
    oomScoreAdj: service.oomScoreAdj,
    oomKillDisable: service.oomKillDisable,
    memswapLimit: service.memswapLimit,
    memSwappiness: service.memSwappiness,
    cpuShares: service.cpuShares,
    cpuQuota: service.cpuQuota,
    cpuPeriod: service.cpuPeriod,
    cpuset: service.cpuset,
    cpuRtPeriod: service.cpuRtPeriod,
    cpuRtRuntime: service.cpuRtRuntime,
    blkio: service.blkio,
    annotations: service.annotations,
    domainName: service.domainName,
    storageOpt: service.storageOpt,
    platform: service.platform,
    macAddress: service.macAddress,
    deviceRequests: service.deviceRequests,
    engineHealth: service.engineHealth,
    reserve: service.reserve,
    limit: service.limit,
    preStop: service.hooks.preStop,
    ...(preStopSecrets.length > 0 && { preStopSecrets }),
    ...(service.mayComplete && { mayComplete: true }),
    hash,
    keys,
  };
}

function toMount(given: ServiceMount, ordinal: number, { stack, known }: SpecContext): Mount {
  if (given.type === 'image') return { ...given, image: known.imageId(given.image) || given.image };
  if (given.type === 'bind') {
    const { relative: _, ...mount } = given;
    return mount;
  }
  const { perReplica: _, ofImage, ...mount } = given;
  return { ...mount, volume: ofImage?.[ordinal] ?? volumeName(stack, volumeOfReplica(given, ordinal)) };
}

/** The part of a spec or an observed instance that is needed to stop it and start it again. */
export function toRef({
  name,
  service,
  ordinal,
  restart,
  stopGraceMs,
  healthCheck,
  preStop,
  preStopSecrets,
  mayComplete,
}: InstanceSpec | ObservedInstance): InstanceRef {
  return {
    name,
    service,
    ordinal,
    restart,
    stopGraceMs,
    ...(healthCheck && { healthCheck }),
    ...(preStop && { preStop }),
    ...(preStopSecrets && { preStopSecrets }),
    ...(mayComplete && { mayComplete }),
  };
}
