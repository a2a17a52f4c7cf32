import { createHash } from 'node:crypto';
import { enterFolder, prefix } from '../../balancer/scripts';
import { startScript, streamModule } from '../../balancer/start-script';
import { sharedConfig, sharedRevision } from '../../balancer/shared-config';
import type { InstanceSpec } from '../../model/instance';
import type { NetworkSpec } from '../../model/resources';
import { balancerName, sharedContainer, sharedScope, type SharedRoutes } from '../../model/traffic';

const mebibyte = 1024 ** 2;
/** The user `nginx` of the official images. */
const owner = { uid: 101, gid: 101 };

/** Time for open requests when it is removed. */
export const stopGraceMs = 10_000;

/** The network by which the shared load balancers of a host publish their ports. */
export const publishingNetwork: NetworkSpec = {
  name: `deploy-code-${balancerName}`,
  key: 'default',
  internal: false,
};

/** The container that publishes a shared port: NGINX, confined like the load balancer of an environment. */
export function sharedSpec(port: number, image: string, routes: readonly SharedRoutes[]): InstanceSpec {
  const file = (name: string, content: string) => ({ path: `${prefix}/${name}`, content, mode: 0o444 });
  return {
    ...sharedScope,
    name: sharedContainer(port),
    service: balancerName,
    ordinal: 1,
    deployment: 0,
    release: 0,
    phase: 0,
    kind: 'service',
    image,
    files: [
      file('nginx.conf', sharedConfig(port, routes)),
      file('front.json', JSON.stringify(routes)),
      file('start.sh', `${streamModule}\n${startScript([])}`),
    ],
    folders: [{ path: prefix, mode: 0o755, ...owner }],
    ports: [{ container: port, host: port, protocol: 'tcp' }],
    mounts: [],
    networks: [{ name: publishingNetwork.name, aliases: [] }],
    networkMode: 'bridge',
    entrypoint: ['/bin/sh', '-c', `${enterFolder} && exec /bin/sh start.sh`],
    command: [],
    user: `${owner.uid}:${owner.gid}`,
    variables: {},
    envFiles: [],
    secrets: [],
    reserve: {},
    limit: { memory: 1024 * mebibyte },
    restart: 'unless-stopped',
    stopSignal: 'SIGQUIT',
    stopGraceMs,
    labels: {},
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    init: false,
    tmpfs: [],
    capAdd: [],
    capDrop: ['ALL'],
    noNewPrivileges: true,
    pidsLimit: 2048,
    readOnly: false,
    extraHosts: [],
    hash: hashOf(image),
    keys: {},
  };
}

/** Routes come and go while it runs; only these replace it, which interrupts all of its requests for a second. */
function hashOf(image: string): string {
  return createHash('sha256')
    .update(JSON.stringify([image, sharedRevision]))
    .digest('hex')
    .slice(0, 32);
}
