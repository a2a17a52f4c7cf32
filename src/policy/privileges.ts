import type { ContainerOptions } from '../model/instance';

/** Options by which a container can leave its confinement, by their key in the stack file. */
const checks: Record<string, (options: ContainerOptions) => boolean> = {
  privileged: ({ privileged }) => privileged === true,
  devices: ({ devices = [] }) => devices.length > 0,
  device_cgroup_rules: ({ deviceCgroupRules = [] }) => deviceCgroupRules.length > 0,
  security_opt: ({ securityOpt = [] }) => securityOpt.some((option) => !/^no-new-privileges([:=]true)?$/.test(option)),
  pid: ({ pid }) => pid === 'host',
  ipc: ({ ipc }) => ipc === 'host',
  uts: ({ uts }) => uts === 'host',
  userns_mode: ({ userns }) => userns === 'host',
  cgroup: ({ cgroup }) => cgroup === 'host',
  cgroup_parent: ({ cgroupParent }) => cgroupParent !== undefined,
  runtime: ({ ociRuntime }) => ociRuntime !== undefined,
  oom_kill_disable: ({ oomKillDisable }) => oomKillDisable === true,
  gpus: ({ deviceRequests = [] }) => deviceRequests.some(({ capabilities }) => !capabilities.includes('gpu')),
  oom_score_adj: ({ oomScoreAdj = 0 }) => oomScoreAdj < 0,
};

/** Keys of a service by which its containers gain privileges on the host. */
export function privilegesOf(options: ContainerOptions): string[] {
  return Object.keys(checks).filter((key) => checks[key]!(options));
}
