import { runtimeTraits } from '../../model/runtimes';
import { nginxConfig, nginxOptions } from '../../balancer/nginx-config';
import { automaticFolders } from '../../balancer/automatic';
import { secretOf } from '../../balancer/certificates';
import { enterFolder, prefix } from '../../balancer/scripts';
import { startScript } from '../../balancer/start-script';
import type { Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import { sharedNetwork, type Front, type RouteTable } from '../../model/traffic';
import { networkName } from '../names';

const mebibyte = 1024 ** 2;

/**
 * Confines the load balancer's container: no capabilities, not root, limited resources. Not part of its fingerprint: a
 * replacement interrupts requests for a second, so a load balancer of an earlier version keeps running until something
 * else replaces it. Since Docker 20.10, ports below 1024 need no capability.
 */
const confined = {
  capDrop: ['ALL'],
  noNewPrivileges: true,
  pidsLimit: 2048,
  limit: { memory: 1024 * mebibyte },
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
};

/** The spec of the load balancer: NGINX, with its routes and their initial targets. */
export function toBalancerSpec(
  spec: InstanceSpec,
  front: Front,
  tables: readonly RouteTable[],
  stack: Stack,
): InstanceSpec {
  const { runtime } = stack;
  const network = front.shared && networkName(stack, sharedNetwork);
  const options = nginxOptions(runtime);
  const { owner } = options;
  const folder = runtimeTraits[runtime].network === 'host' ? '' : `${prefix}/`;
  const file = (name: string, content: string) => ({ path: `${folder}${name}`, content, mode: 0o444 });
  return {
    ...spec,
    ...(owner && {
      ...confined,
      user: `${owner.uid}:${owner.gid}`,
      folders: [{ path: prefix, mode: 0o755, ...owner }, ...(front.automatic ? automaticFolders(owner) : [])],
    }),
    entrypoint: ['/bin/sh', '-c', `${enterFolder} && exec /bin/sh start.sh`],
    command: [],
    secrets: front.certificates.map((each) => secretOf(each, options)),
    ...(front.automatic && { certified: front.automatic.hosts }),
    files: [
      file('nginx.conf', nginxConfig(front, options)),
      file('front.json', JSON.stringify(front)),
      file('start.sh', startScript(tables, { network, automatic: front.automatic !== undefined })),
    ],
  };
}
