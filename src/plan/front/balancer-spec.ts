import { nginxConfig, nginxOptions } from '../../balancer/nginx-config';
import { secretOf } from '../../balancer/certificates';
import { enterFolder, prefix, startScript } from '../../balancer/scripts';
import type { Stack } from '../../config/stack';
import type { InstanceSpec } from '../../model/instance';
import type { Front, RouteTable } from '../../model/traffic';

/** The instance of the load balancer: NGINX, with its routes and where they lead when it starts for the first time. */
export function toBalancerSpec(spec: InstanceSpec, front: Front, tables: readonly RouteTable[], { runtime }: Stack): InstanceSpec {
  const folder = runtime === 'process' ? '' : `${prefix}/`;
  const file = (name: string, content: string) => ({ path: `${folder}${name}`, content, mode: 0o444 });
  return {
    ...spec,
    entrypoint: ['/bin/sh', '-c', `${enterFolder} && exec /bin/sh start.sh`],
    command: [],
    secrets: front.certificates.map(secretOf),
    files: [file('nginx.conf', nginxConfig(front, nginxOptions(runtime))), file('front.json', JSON.stringify(front)), file('start.sh', startScript(tables))],
  };
}
