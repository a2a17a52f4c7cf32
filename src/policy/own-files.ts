import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

export interface OwnFilesOptions {
  dataDir: string;
  /** Key files and kubeconfigs that the worker was started with. */
  others?: readonly (string | undefined)[];
}

type Environment = Record<string, string | undefined>;

/** Variables with credentials and settings of the worker itself, which no stack may use as secrets. */
export const ownVariables = /^(DEPLOY_CODE_|TEMPORAL_|VAULT_|PGPASSWORD$|KUBECONFIG$|DOCKER_)/;

/** Files and folders of the machine, which no stack may use as secrets. */
export const systemFiles = [
  '/proc',
  '/sys',
  '/dev',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/master.passwd',
  '/etc/security/opasswd',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/ssh',
  '/root/.ssh',
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/var/lib/etcd',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/rancher',
  '/etc/rancher',
  '/run/secrets/kubernetes.io',
  '/var/run/secrets/kubernetes.io',
];

/** Paths of the Unix sockets among the addresses of engines, such as DOCKER_HOST. */
export function unixSockets(addresses: readonly (string | undefined)[]): string[] {
  return addresses.flatMap((address) => /^unix:\/\/(\/.*)$/.exec(address ?? '')?.[1] ?? []);
}

/** Files and folders that hold the credentials of the worker and of its machine. */
export function ownFiles({ dataDir, others = [] }: OwnFilesOptions, environment: Environment = process.env): string[] {
  const home = homedir();
  const named = [
    environment.DEPLOY_CODE_KEY_FILE,
    ...(environment.DEPLOY_CODE_FORMER_KEY_FILES?.split(delimiter) ?? []),
    environment.DEPLOY_CODE_ENCRYPTION_KEY_FILE,
    environment.TEMPORAL_CONFIG_FILE,
    environment.TEMPORAL_TLS_CLIENT_KEY_PATH,
    environment.DOCKER_CERT_PATH,
    environment.DOCKER_CONFIG,
    environment.PGPASSFILE,
    ...(environment.KUBECONFIG?.split(delimiter) ?? []),
    ...others,
  ].filter((file): file is string => file !== undefined && file !== '');
  const ofUser = ['.ssh', '.kube', '.docker', '.vault-token', '.pgpass', join('.config', 'temporalio')].map((file) =>
    join(home, file),
  );
  return [...systemFiles, dataDir, ...ofUser, ...named].map((file) => resolve(file));
}
