import { readFileSync } from 'node:fs';
import { normalize } from 'node:path';
import { isContentAddress } from '../model/names/image-reference';
import type { Refused } from '../model/observation';
import { imageName } from './image-name';
import { volumeOf } from './own-volumes';
import { follow, isAllowedIn, isWithin, trace } from './paths';
import { matches, matchesAny, type Place } from './patterns';
import type { Policy } from './schema';
import type { SourceRules } from './sources';
import type { Subject } from './subject';

/** The policy, and the facts about the worker that the rules need. */
export interface RuleContext {
  policy: Policy;
  sources: SourceRules;
  /** The worker's data folder, which no container may mount. */
  dataDir: string;
  /** Sockets of the container engines that the worker uses. */
  ownSockets: readonly string[];
  /** Volumes that contain `dataDir` if the worker runs in a container; no container may mount them. */
  ownVolumes: readonly string[];
}

type Rule = (subject: Subject, context: RuleContext) => Refused[] | Promise<Refused[]>;

const rules: Rule[] = [
  processesAreAllowed,
  imagesAreAllowed,
  secretsAreAllowed,
  bindsAreAllowed,
  volumesAreAllowed,
  socketsAreAllowed,
  capabilitiesAreAllowed,
  gpusAreAllowed,
  hostNetworkIsAllowed,
  privilegesAreAllowed,
  outsideIsAllowed,
  clusterIsAllowed,
];

/** Everything in a service that the worker's policy refuses. */
export async function refusalsOf(subject: Subject, context: RuleContext): Promise<Refused[]> {
  const found = await Promise.all(rules.map(async (rule) => rule(subject, context)));
  return found.flat();
}

function refuse({ service }: Subject, key: string, action: string, rule: string): Refused {
  return { path: `services.${service}.${key}`, message: `the worker's policy does not allow ${action} (rule ${rule})` };
}

function processesAreAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  if (subject.runtime !== 'process' || policy.processes !== false) return [];
  return [refuse(subject, 'command', 'processes on its machine', 'processes')];
}

function imagesAreAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  return subject.images
    .filter((image) => !isImageAllowed(image, policy, subject))
    .map((image) => refuse(subject, 'image', image, 'images.registries'));
}

/** True if an image may run. Content addresses refer to images that are already on the host, and are always allowed. */
export function isImageAllowed(reference: string, { images }: Policy, place: Place | undefined): boolean {
  if (!images?.registries || isContentAddress(reference)) return true;
  const name = imageName(reference);
  return images.registries.some((each) => matches(each, name, place) || matches(`${each}/**`, name, place));
}

async function secretsAreAllowed(subject: Subject, { sources }: RuleContext): Promise<Refused[]> {
  const checks = [
    ...subject.secrets.map(({ name, source }) => ({
      path: `services.${subject.service}.secrets.${name}`,
      check: () => sources.check(source, subject),
    })),
    ...subject.envFiles.map((file) => ({
      path: `services.${subject.service}.env_file`,
      check: () => sources.checkFile(file, 'env_files', subject),
    })),
  ];
  const found = await Promise.all(
    checks.map(({ path, check }) =>
      check().then(
        () => undefined,
        (error: Error) => ({ path, message: error.message }),
      ),
    ),
  );
  return found.filter((each) => each !== undefined);
}

/** Folders of processes: `root`, `cwd` and `fd` in them lead anywhere, and differ for each reader. */
const ofProcess = /^\/proc\/(?:self|thread-self|\d+)(?:\/|$)/;

async function bindsAreAllowed(subject: Subject, { policy, dataDir, ownVolumes }: RuleContext): Promise<Refused[]> {
  const allowed = policy.mounts?.folders;
  const own = await follow(dataDir);
  const found = await Promise.all(
    subject.binds.map(async ({ path, source }) => {
      const real = await follow(source);
      if ([normalize(source), real].some((each) => ofProcess.test(each))) {
        return [refuse(subject, path, `mounting ${source}: it exposes the files of a process`, 'always')];
      }
      const isOwn = isWithin(own, real) || ownVolumes.some((name) => volumeOf(real) === name);
      if (isOwn) return [refuse(subject, path, `mounting ${source}: it belongs to the engine`, 'always')];
      if (!allowed) return [];
      if (!(await isAllowedIn(allowed, source, subject)))
        return [refuse(subject, path, `mounting ${source}`, 'mounts.folders')];
      return isWithin(real, own)
        ? [refuse(subject, path, `mounting ${source}: it contains the data folder of the engine`, 'mounts.folders')]
        : [];
    }),
  );
  return found.flat();
}

/** True if the policy restricts external volumes: it has a rule for volumes or for folders. */
export function judgesVolumes({ mounts }: Policy): boolean {
  return mounts?.volumes !== undefined || mounts?.folders !== undefined;
}

function volumesAreAllowed(subject: Subject, { policy, ownVolumes }: RuleContext): Refused[] {
  const allowed = policy.mounts?.volumes ?? [];
  return subject.volumes.flatMap(({ path, name, isExternal }) => {
    const isOwn = ownVolumes.includes(name);
    if (isOwn) return [refuse(subject, path, `mounting the volume ${name}: it belongs to the engine`, 'always')];
    if (!isExternal || !judgesVolumes(policy) || matchesAny(allowed, name, subject)) return [];
    return [refuse(subject, path, `mounting the external volume ${name}`, 'mounts.volumes')];
  });
}

const sockets = [
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/crio/crio.sock',
  '/var/run/docker.sock',
];
const socketName = /\/(docker|containerd|podman|crio|cri-dockerd)\.sock$/;
/** Folders with the sockets of rootless engines, one for each user. */
const folderOfUsers = /^\/(?:var\/)?run\/user(?:\/[^/]+(?:\/podman)?)?$/;

async function socketsAreAllowed(subject: Subject, { policy, ownSockets }: RuleContext): Promise<Refused[]> {
  if (policy.mounts?.docker_socket !== false || subject.binds.length === 0) return [];
  const all = [...sockets, ...ownSockets, ...(await Promise.all(ownSockets.map(follow)))];
  const isKnown = (path: string) => all.some((socket) => isWithin(path, socket));
  const isSocket = (path: string) => socketName.test(path) || folderOfUsers.test(path) || isKnown(path);
  const found = await Promise.all(
    subject.binds.map(async ({ path, source }) => {
      const { path: real, isSure } = await trace(source);
      const reaches = !isSure || [normalize(`${source}/.`), real].some(isSocket);
      return reaches
        ? [
            refuse(
              subject,
              path,
              `mounting ${source}, which gives control of a container engine`,
              'mounts.docker_socket',
            ),
          ]
        : [];
    }),
  );
  return found.flat();
}

function capabilitiesAreAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  const allowed = policy.containers?.capabilities;
  if (!allowed) return [];
  const names = new Set(allowed.map(bare));
  return subject.capAdd
    .filter((name) => !names.has(bare(name)))
    .map((name) => refuse(subject, 'cap_add', name, 'containers.capabilities'));
}

function bare(capability: string): string {
  return capability.toUpperCase().replace(/^CAP_/, '');
}

function gpusAreAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  return subject.gpus > 0 && policy.containers?.gpus === false
    ? [refuse(subject, 'resources', 'GPUs', 'containers.gpus')]
    : [];
}

/** Refused under any policy that does not allow them: each would undo its other rules. */
function privilegesAreAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  if (Object.keys(policy).length === 0 || policy.containers?.privileged === true) return [];
  return subject.privileges.map((key) =>
    refuse(subject, key, `${key} to leave the confinement`, 'containers.privileged'),
  );
}

/** Refused under any policy that does not allow it: the other container may have what this one may not. */
function outsideIsAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  if (Object.keys(policy).length === 0) return [];
  const allowed = policy.containers?.namespaces_of ?? [];
  return subject.outside
    .filter(({ container }) => !matchesAny(allowed, container, subject))
    .map(({ key, container }) =>
      refuse(subject, key, `joining the container ${container}`, 'containers.namespaces_of'),
    );
}

function hostNetworkIsAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  if (!subject.hostNetwork || policy.containers?.host_network !== false) return [];
  return [
    {
      path: 'infrastructure.network.mode',
      message:
        `the worker's policy does not allow ${subject.service} the ` +
        'network of the host (rule containers.host_network)',
    },
  ];
}

const ownNamespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * True if a stack may use a namespace. Without a rule, all are allowed but those of the cluster and the worker: pods
 * there could use their service accounts.
 */
export function isNamespaceAllowed(namespace: string, { kubernetes }: Policy, place: Place): boolean {
  if (kubernetes?.namespaces) return matchesAny(kubernetes.namespaces, namespace, place);
  return !namespace.startsWith('kube-') && namespace !== ownNamespace();
}

function clusterIsAllowed(subject: Subject, { policy }: RuleContext): Refused[] {
  const { namespace, serviceAccount } = subject;
  if (namespace === undefined) return [];
  const accounts = policy.kubernetes?.service_accounts;
  const isAllowed = isNamespaceAllowed(namespace, policy, subject);
  const isAccountAllowed = serviceAccount === undefined || !accounts || matchesAny(accounts, serviceAccount, subject);
  return [
    ...(isAllowed
      ? []
      : [
          {
            path: 'infrastructure.kubernetes.namespace',
            message: `the worker's policy does not allow the namespace ${namespace} (rule kubernetes.namespaces)`,
          },
        ]),
    ...(isAccountAllowed
      ? []
      : [
          {
            path: 'infrastructure.kubernetes.service_account',
            message:
              `the worker's policy does not allow the service account ` +
              `${serviceAccount} (rule kubernetes.service_accounts)`,
          },
        ]),
  ];
}

function ownNamespace(): string | undefined {
  try {
    return readFileSync(ownNamespaceFile, 'utf8').trim();
  } catch {
    return undefined;
  }
}
