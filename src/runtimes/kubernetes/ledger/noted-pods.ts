import { z } from 'zod';
import type { Manifest, WorkloadManifest } from '../../../kubernetes';

const anything = z.unknown();
const keys = <K extends string>(...names: K[]) => Object.fromEntries(names.map((name) => [name, anything.optional()]));

const variable = z.union([
  z.strictObject({ name: z.string(), value: z.string() }),
  z.strictObject({
    name: z.string(),
    valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
  }),
]);

const container = z.strictObject({
  ...keys(
    'name',
    'image',
    'imagePullPolicy',
    'command',
    'args',
    'workingDir',
    'ports',
    'volumeMounts',
    'resources',
    'startupProbe',
    'readinessProbe',
    'livenessProbe',
    'lifecycle',
    'terminationMessagePolicy',
  ),
  env: z.array(variable).optional(),
  securityContext: z.strictObject({
    ...keys('capabilities', 'readOnlyRootFilesystem', 'runAsUser', 'runAsGroup', 'runAsNonRoot'),
    allowPrivilegeEscalation: z.literal(false),
  }),
});

const volume = z.union([
  z.strictObject({ name: z.string(), persistentVolumeClaim: z.strictObject({ claimName: z.string() }) }),
  z.strictObject({ name: z.string(), emptyDir: anything }),
  z.strictObject({ name: z.string(), configMap: z.strictObject({ name: z.string(), items: anything }) }),
  z.strictObject({ name: z.string(), secret: z.strictObject({ secretName: z.string(), items: anything }) }),
]);

const pod = z.strictObject({
  ...keys(
    'enableServiceLinks',
    'automountServiceAccountToken',
    'terminationGracePeriodSeconds',
    'serviceAccountName',
    'imagePullSecrets',
    'hostNetwork',
    'dnsPolicy',
    'hostAliases',
    'affinity',
    'securityContext',
    'restartPolicy',
  ),
  containers: z.tuple([container]),
  volumes: z.array(volume).optional(),
});

const workloadSpec = z.strictObject({
  ...keys(
    'replicas',
    'selector',
    'revisionHistoryLimit',
    'minReadySeconds',
    'strategy',
    'serviceName',
    'podManagementPolicy',
    'updateStrategy',
    'backoffLimit',
    'suspend',
  ),
  template: z.strictObject({ metadata: anything, spec: pod }),
});

/**
 * True if the pods of a recorded workload have only fields that the engine sets, and use only Secrets and ConfigMaps
 * that were recorded with them.
 */
export function areOwnPods({ spec }: WorkloadManifest, noted: readonly Manifest[]): boolean {
  const read = workloadSpec.safeParse(spec);
  if (!read.success) return false;
  const {
    containers: [{ env = [] }],
    volumes = [],
  } = read.data.template.spec;
  const names = (kind: Manifest['kind']) =>
    noted.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
  const secrets = [
    ...env.flatMap((each) => ('valueFrom' in each ? [each.valueFrom.secretKeyRef.name] : [])),
    ...volumes.flatMap((each) => ('secret' in each ? [each.secret.secretName] : [])),
  ];
  const configs = volumes.flatMap((each) => ('configMap' in each ? [each.configMap.name] : []));
  return isWithin(secrets, names('Secret')) && isWithin(configs, names('ConfigMap'));
}

function isWithin(used: readonly string[], known: readonly string[]): boolean {
  return used.every((name) => known.includes(name));
}
