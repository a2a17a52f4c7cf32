import { withoutEndingSlash } from '../model/text/path';
import { sharedAlias, type SharedRoute, type SharedRoutes } from '../model/traffic';
import { forwarding } from './forwarding';
import { indent, processes, proxying, resolving, timeouts, unchangedRequests, upgraded } from './nginx-config';

/** Increase it when a new shared load balancer is needed, for example for another start script. */
export const sharedRevision = 1;

const dockersDns = '127.0.0.11';

interface Location extends SharedRoute {
  /** The load balancer of the environment. */
  upstream: string;
}

/**
 * The configuration of the shared load balancer of one port. A request goes to the load balancer of the environment
 * that has its host name and path; the name of that one is resolved for each request, so an environment that is away
 * costs only its own requests a 502. While two of them have the name, because one replaces the other, NGINX tries the
 * second one if the first does not accept a connection. Names and paths have a grammar without anything special to
 * NGINX.
 */
export function sharedConfig(port: number, all: readonly SharedRoutes[]): string {
  const locations = all.flatMap((owner) =>
    owner.routes
      .filter((route) => route.port === port)
      .map((route): Location => ({
        ...route,
        path: withoutEndingSlash(route.path),
        upstream: `${sharedAlias(owner)}:${port}`,
      })),
  );
  const lines = locations.some(({ tls }) => tls) ? connections(port, locations) : requests(port, locations);
  return `${['include modules.conf;', ...processes, ...lines].join('\n')}\n`;
}

/** Passes connections with TLS on by the host name of their greeting, with the address of the client before them. */
function connections(port: number, locations: readonly Location[]): string[] {
  const upstreams = [...new Set(locations.map(({ host, upstream }) => `${host} ${upstream};`))].sort();
  return [
    'stream {',
    ...indent([
      ...resolving(dockersDns),
      'map_hash_max_size 8192;',
      'map_hash_bucket_size 512;',
      'map $ssl_preread_server_name $upstream {',
      ...indent(['hostnames;', 'default "";', ...upstreams]),
      '}',
      'server {',
      ...indent([
        `listen ${port} reuseport;`,
        'ssl_preread on;',
        'preread_timeout 10s;',
        'proxy_protocol on;',
        'proxy_connect_timeout 3s;',
        'proxy_timeout 1h;',
        'proxy_pass $upstream;',
      ]),
      '}',
    ]),
    '}',
  ];
}

function requests(port: number, locations: readonly Location[]): string[] {
  const hosts = [...new Set(locations.map(({ host }) => host))].sort();
  return [
    'http {',
    ...indent([
      ...unchangedRequests,
      'server_names_hash_max_size 8192;',
      'server_names_hash_bucket_size 256;',
      ...resolving(dockersDns),
      upgraded,
      ...proxying,
      ...forwarding(),
      'server {',
      ...indent([`listen ${port} default_server reuseport;`, 'server_name _;', 'return 404;']),
      '}',
      ...hosts.flatMap((host) =>
        server(
          port,
          host,
          locations.filter((each) => each.host === host),
        ),
      ),
    ]),
    '}',
  ];
}

function server(port: number, host: string, locations: Location[]): string[] {
  const sorted = [...locations].sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
  return [
    'server {',
    ...indent([
      `listen ${port};`,
      `server_name ${host};`,
      ...sorted.flatMap((each) =>
        each.path === '/'
          ? block('location /', each)
          : [...block(`location = ${each.path}`, each), ...block(`location ${each.path}/`, each)],
      ),
      ...(sorted.some(({ path }) => path === '/') ? [] : ['location / { return 404; }']),
    ]),
    '}',
  ];
}

function block(head: string, { upstream, timeoutMs }: Location): string[] {
  return [
    `${head} {`,
    ...indent([`set $upstream ${upstream};`, 'proxy_pass http://$upstream;', ...timeouts(timeoutMs)]),
    '}',
  ];
}
