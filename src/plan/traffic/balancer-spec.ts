import { runtimeTraits } from '../../model/runtimes';
import { nginxConfig, nginxOptions } from '../../balancer/nginx-config';
import { secretOf } from '../../balancer/certificates';
import { enterFolder, prefix, startScript } from '../../balancer/scripts';
import type { Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { Front, RouteTable } from '../../model/traffic';

const mebibyte = 1024 ** 2;

/**
 * What the container of the load balancer may do: it has no capability, does not run as root, and is bounded. Not part
 * of its fingerprint: a load balancer of an earlier version stays as it is until something else replaces it, for that
 * takes a second in which nobody answers. Ports below 1024 need none of the capabilities since Docker 20.10.
 */
const confined = {
  capDrop: ['ALL'],
  noNewPrivileges: true,
  pidsLimit: 2048,
  limit: { memory: 1024 * mebibyte },
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
};

/** The instance of the load balancer: NGINX, with its routes and where they lead when it starts for the first time. */
export function toBalancerSpec(
  spec: InstanceSpec,
  front: Front,
  tables: readonly RouteTable[],
  { runtime }: Stack,
): InstanceSpec {
  const options = nginxOptions(runtime);
  const { owner } = options;
  const folder = runtimeTraits[runtime].network === 'host' ? '' : `${prefix}/`;
  const file = (name: string, content: string) => ({ path: `${folder}${name}`, content, mode: 0o444 });
  return {
    ...spec,
    ...(owner && {
      ...confined,
      user: `${owner.uid}:${owner.gid}`,
      folders: [{ path: prefix, mode: 0o755, ...owner }],
    }),
    entrypoint: ['/bin/sh', '-c', `${enterFolder} && exec /bin/sh start.sh`],
    command: [],
    secrets: front.certificates.map((each) => secretOf(each, options)),
    files: [
      file('nginx.conf', nginxConfig(front, options)),
      file('front.json', JSON.stringify(front)),
      file('start.sh', startScript(tables)),
    ],
  };
}
