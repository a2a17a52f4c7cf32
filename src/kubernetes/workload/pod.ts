import type {
  V1Container,
  V1EnvVar,
  V1PodSpec,
  V1PodTemplateSpec,
  V1ResourceRequirements,
  V1SecurityContext,
} from '@kubernetes/client-node';
import type { InstanceSpec, ResourceAmounts } from '../../model/instance';
import type { Contents } from './contents';
import type { Plain } from '../manifest';
import { domain, networkLabel, objectLabels, podSelector } from '../names';
import { toProbes } from './probes';
import { toVolumes } from './volumes';

const pullPolicies = { missing: 'IfNotPresent', always: 'Always', never: 'Never' };
/** Capabilities that are rarely needed and useful to attackers. A non-root user loses all others as well. */
const dropped = ['AUDIT_WRITE', 'MKNOD', 'NET_RAW', 'SETFCAP', 'SYS_CHROOT'];

/**
 * The pod template of a workload. A change replaces the pods, so it contains the hash of the spec but not the number of
 * the deployment.
 */
export function toPodTemplate(spec: InstanceSpec, contents: Contents): V1PodTemplateSpec {
  const { workload, kind } = spec;
  const networks = workload?.settings.isolated
    ? spec.networks.map(({ name }) => [networkLabel(name), 'true'] as const)
    : [];
  const restarted: Record<string, string> =
    workload?.restartedBy === undefined ? {} : { [`${domain}/restarted-by`]: String(workload.restartedBy) };
  return {
    metadata: {
      labels: { ...objectLabels(spec), ...podSelector(spec), ...Object.fromEntries(networks) },
      annotations: { ...spec.labels, [`${domain}/hash`]: spec.hash, ...restarted },
    },
    spec: { ...toPodSpec(spec, contents), ...(kind === 'job' && { restartPolicy: 'Never' }) },
  };
}

function toPodSpec(spec: InstanceSpec, contents: Contents): Plain<V1PodSpec> {
  const { workload, extraHosts, stopGraceMs, networkMode } = spec;
  const { volumes, volumeMounts } = toVolumes(spec, contents);
  const { pullSecrets = [], serviceAccount } = workload?.settings ?? {};
  const group = groupOf(spec);
  return {
    enableServiceLinks: false,
    automountServiceAccountToken: serviceAccount !== undefined,
    terminationGracePeriodSeconds:
      Math.ceil(stopGraceMs / 1000) + (servesWhileTerminating(spec) ? terminationDelaySeconds : 0),
    ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
    ...(pullSecrets.length > 0 && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(networkMode === 'host' && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    ...(extraHosts.length > 0 && { hostAliases: toHostAliases(extraHosts) }),
    ...(workload?.zone !== undefined && { affinity: inZone(workload.zone) }),
    securityContext: { seccompProfile: { type: 'RuntimeDefault' }, ...(group !== undefined && { fsGroup: group }) },
    containers: [toContainer(spec, contents, volumeMounts)],
    ...(volumes.length > 0 && { volumes }),
  };
}

/** One entry per address. */
function toHostAliases(extraHosts: string[]): V1PodSpec['hostAliases'] {
  const names = new Map<string, string[]>();
  for (const entry of extraHosts) {
    const [host, ip] = [entry.slice(0, entry.indexOf(':')), entry.slice(entry.indexOf(':') + 1)];
    names.set(ip, [...(names.get(ip) ?? []), host]);
  }
  return [...names].map(([ip, hostnames]) => ({ ip, hostnames }));
}

function toContainer(spec: InstanceSpec, contents: Contents, volumeMounts: V1Container['volumeMounts']): V1Container {
  const { service, image, entrypoint, command, workingDir, ports, healthCheck, workload } = spec;
  const environment = toEnvironment(spec, contents);
  const distinct = ports.filter(
    ({ container, protocol }, index) =>
      ports.findIndex((other) => other.container === container && other.protocol === protocol) === index,
  );
  return {
    name: service,
    image,
    imagePullPolicy: pullPolicies[workload?.pullPolicy ?? 'missing'],
    ...toCommand(entrypoint, command),
    ...(workingDir !== undefined && { workingDir }),
    ...(environment.length > 0 && { env: environment }),
    ...(distinct.length > 0 && {
      ports: distinct.map(({ container, protocol }) => ({
        containerPort: container,
        protocol: protocol.toUpperCase(),
      })),
    }),
    ...(volumeMounts && volumeMounts.length > 0 && { volumeMounts }),
    resources: toResources(spec),
    ...(healthCheck && spec.kind === 'service' && toProbes(healthCheck)),
    ...toLifecycle(spec),
    securityContext: toSecurityContext(spec),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** A terminating pod continues to serve until nodes and ingress controllers have stopped sending requests to it. */
const terminationDelaySeconds = 2;

/** True for pods that are replaced while they serve and have no `pre_stop` hook. */
function servesWhileTerminating({ kind, preStop, workload }: InstanceSpec): boolean {
  return kind === 'service' && preStop === undefined && typeof workload?.rollout === 'object';
}

function toLifecycle(spec: InstanceSpec): Pick<V1Container, 'lifecycle'> {
  if (spec.preStop) return { lifecycle: { preStop: { exec: { command: spec.preStop } } } };
  return servesWhileTerminating(spec)
    ? { lifecycle: { preStop: { sleep: { seconds: terminationDelaySeconds } } } }
    : {};
}

/** An empty entrypoint also disables that of the image. */
function toCommand(
  entrypoint: string[] | undefined,
  command: string[] | undefined,
): Pick<V1Container, 'command' | 'args'> {
  if (entrypoint?.length === 0) return { ...(command && { command: command.map(literally) }) };
  return {
    ...(entrypoint && { command: entrypoint.map(literally) }),
    ...(command && { args: command.map(literally) }),
  };
}

/** Kubelets expand `$(NAME)`, and read `$$` as `$`. */
function literally(text: string): string {
  return text.replaceAll('$', () => '$$');
}

/** Values that only the worker can read are references to a Secret. */
function toEnvironment({ variables }: InstanceSpec, { secret }: Contents): V1EnvVar[] {
  const plain = Object.entries(variables).map(([name, value]) => ({ name, value: literally(value) }));
  const hidden = (secret?.variables ?? []).map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret!.name, key: `env.${name}` } },
  }));
  return [...plain.filter(({ name }) => !secret?.variables.includes(name)), ...hidden];
}

function toResources({ reserve, limit }: InstanceSpec): V1ResourceRequirements {
  const [requests, limits] = [toQuantities(reserve), toQuantities(limit)];
  return { ...(Object.keys(requests).length > 0 && { requests }), ...(Object.keys(limits).length > 0 && { limits }) };
}

function toQuantities({ cpus, memory, gpus, storage }: ResourceAmounts): Record<string, string> {
  return {
    ...(cpus !== undefined && { cpu: `${Math.round(cpus * 1000)}m` }),
    ...(memory !== undefined && { memory: String(memory) }),
    ...(storage !== undefined && { 'ephemeral-storage': String(storage) }),
    ...(gpus !== undefined && gpus > 0 && { 'nvidia.com/gpu': String(gpus) }),
  };
}

function toSecurityContext({ user, capAdd, capDrop, readOnly }: InstanceSpec): V1SecurityContext {
  const uid = user === undefined ? undefined : Number(user.split(':')[0]);
  const group = user?.split(':')[1];
  const isOwn = uid !== undefined && uid > 0;
  return {
    allowPrivilegeEscalation: false,
    capabilities: {
      drop: isOwn ? ['ALL'] : [...new Set([...dropped.filter((each) => !capAdd.includes(each)), ...capDrop])].sort(),
      ...(capAdd.length > 0 && { add: capAdd }),
    },
    ...(readOnly && { readOnlyRootFilesystem: true }),
    ...(uid !== undefined && { runAsUser: uid }),
    ...(group !== undefined && { runAsGroup: Number(group) }),
    ...(isOwn && { runAsNonRoot: true }),
  };
}

/** Secret files belong to root; a non-root user reads them through its group. */
function groupOf({ user }: InstanceSpec): number | undefined {
  if (user === undefined || Number(user.split(':')[0]) === 0) return undefined;
  return Number(user.split(':')[1] ?? user.split(':')[0]);
}

function inZone(zone: string): V1PodSpec['affinity'] {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
        ],
      },
    },
  };
}
