import type { RuntimeName } from '../model/runtimes';
import { isAutomatic, type Front, type Route } from '../model/traffic';
import { automaticFiles, challengeLocation } from './automatic-files';
import { forwarding } from './forwarding';

/**
 * Increase it when the output of {@link nginxConfig} changes: a load balancer with an older number gets a new
 * configuration at the next deployment.
 */
export const configurationRevision = 2;

export interface NginxOptions {
  /** DNS server that resolves names of instances; absent if targets are IP addresses. */
  resolver?: string;
  /** Folder of secret files, with a slash at the end; empty for the folder of the configuration. */
  secrets: string;
  /** Owner of secret files; absent for a process, which runs as the worker's user. */
  owner?: { uid: number; gid: number };
}

/** The user `nginx` of the official images. */
const unprivileged = { uid: 101, gid: 101 };

/** In a container, targets are names in Docker's DNS; for processes, ports of one host. */
export function nginxOptions(runtime: RuntimeName): NginxOptions {
  return runtime === 'docker'
    ? { resolver: '127.0.0.11', secrets: '/run/secrets/', owner: unprivileged }
    : { secrets: '' };
}

/** The links over which requests of a route are spread; weights are whole per cent. */
export const buckets = Array.from({ length: 100 }, (_, index) => String(index).padStart(2, '0'));

/**
 * The complete configuration of the managed NGINX, relative to its prefix. It names no instance: a request picks a
 * bucket, which is a link under `routes/` whose real path ends in `to/<instance>/<fallback>/<bucket>`. Renaming one
 * link switches the traffic without a reload. {@link Front} was validated with the stack file: its values contain no
 * spaces, quotes, braces, semicolons or dollar signs.
 */
export function nginxConfig(front: Front, { resolver, secrets }: NginxOptions): string {
  const servers = serversOf(front);
  const files = new Map(front.certificates.map(({ name, file }) => [name, `${secrets}${file}`]));
  return `${[
    ...processes,
    'http {',
    ...indent([
      ...unchangedRequests,
      'server_names_hash_bucket_size 256;',
      'map_hash_bucket_size 256;',
      ...(resolver ? resolving(resolver) : []),
      'split_clients $request_id $bucket {',
      ...indent(buckets.map((bucket, index) => `${index === buckets.length - 1 ? '*' : '1%'} ${bucket};`)),
      '}',
      'map $realpath_root $target { ~/to/(?<to_target>[^/]+)/[^/]+/[0-9]+$ $to_target; default none; }',
      'map $realpath_root $fallback { ~/to/[^/]+/(?<to_fallback>[^/]+)/[0-9]+$ $to_fallback; default none; }',
      upgraded,
      '# Only a request that may be sent twice, and has no body, tries another instance.',
      'map $fallback:$request_method:$content_length$http_transfer_encoding $unanswered { ' +
        '~^none: @gone; ~:(GET|HEAD|OPTIONS):$ @fallback; default @gone; }',
      'map $upstream_connect_time:$unanswered $unreached { -:@fallback @fallback; default @late; }',
      ...proxying,
      ...forwarding(front.trustedProxies, front.shared && trustedFile),
      ...(front.shared?.tlsPort ? [`include ${clientsFile};`, 'real_ip_header proxy_protocol;'] : []),
      'ssl_protocols TLSv1.2 TLSv1.3;',
      'ssl_prefer_server_ciphers off;',
      'ssl_session_cache shared:tls:10m;',
      'ssl_session_tickets off;',
      ...servers.flatMap((each) =>
        server(each, files, {
          isPassedOn: each.listen === front.shared?.tlsPort,
          isChallenged: each.listen === front.automatic?.port,
        }),
      ),
      ...front.redirects.flatMap((each) => redirect(each, each.from === front.automatic?.port)),
      ...challenged(front, servers),
    ]),
    '}',
  ].join('\n')}\n`;
}

/** File with the range of the network that joins an environment's load balancer to the shared one. */
export const trustedFile = 'trusted.conf';
/** The same for connections with TLS: the shared load balancer sends the client's address before them. */
export const clientsFile = 'clients.conf';

/** The processes of a load balancer, in the foreground. */
export const processes = [
  'include user.conf;',
  'daemon off;',
  'pid nginx.pid;',
  'error_log stderr warn;',
  'worker_processes auto;',
  'worker_shutdown_timeout 1h;',
  'events { worker_connections 8192; }',
];

/** Requests and answers of any size, with nothing added. */
export const unchangedRequests = [
  'include keepalive.conf;',
  'access_log off;',
  'server_tokens off;',
  'default_type application/octet-stream;',
  ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path temp/${kind};`),
  'client_max_body_size 0;',
];

/** The value of `Connection` for an instance. */
export const upgraded = 'map $http_upgrade $upgraded { "" close; default upgrade; }';

/**
 * Request bodies are not buffered, so that the connection to an instance exists from the start of a request, and open
 * requests can be counted; for the same reason it is not kept alive. Responses are not buffered and headers are
 * unchanged, so that a service behaves as if it were called directly.
 */
export const proxying = [
  'proxy_http_version 1.1;',
  'proxy_request_buffering off;',
  'proxy_buffering off;',
  'proxy_buffer_size 64k;',
  'proxy_buffers 4 64k;',
  'proxy_busy_buffers_size 128k;',
  'large_client_header_buffers 4 64k;',
  'underscores_in_headers on;',
  'ignore_invalid_headers off;',
  'proxy_headers_hash_max_size 2048;',
  'proxy_headers_hash_bucket_size 128;',
  'proxy_pass_header Server;',
  'proxy_pass_header Date;',
  'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset;',
  'proxy_connect_timeout 3s;',
  'proxy_set_header Host $http_host;',
  'proxy_set_header Connection $upgraded;',
  'proxy_set_header Upgrade $http_upgrade;',
];

interface Server {
  listen: number;
  /** Absent: the default server of the port. */
  host?: string;
  tls?: Route['tls'];
  routes: Route[];
}

/** One server per port and host name. A port with host names only also gets a default server, which returns 404. */
function serversOf({ routes }: Front): Server[] {
  const servers = new Map<string, Server>();
  for (const route of [...routes].sort(order)) {
    const { listen, host, tls } = route;
    const unnamed = `${listen}/`;
    if (!servers.has(unnamed)) servers.set(unnamed, { listen, tls, routes: [] });
    const key = `${unnamed}${host ?? ''}`;
    const existing = servers.get(key) ?? { listen, host, tls, routes: [] };
    servers.set(key, { ...existing, routes: [...existing.routes, route] });
  }
  return [...servers.values()];
}

function order(a: Route, b: Route): number {
  return (
    a.listen - b.listen ||
    compare(a.host ?? '', b.host ?? '') ||
    b.path.length - a.path.length ||
    compare(a.path, b.path)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function server(
  { listen, host, tls, routes }: Server,
  files: ReadonlyMap<string, string>,
  { isPassedOn, isChallenged }: { isPassedOn: boolean; isChallenged: boolean },
): string[] {
  const longest = Math.max(...routes.map(({ timeoutMs }) => timeoutMs));
  return [
    'server {',
    ...indent([
      [
        'listen',
        listen,
        ...(tls ? ['ssl'] : []),
        ...(isPassedOn ? ['proxy_protocol'] : []),
        ...(host ? [] : ['default_server', 'reuseport']),
      ]
        .join(' ')
        .concat(';'),
      `server_name ${host ?? '_'};`,
      ...certificate(tls, files),
      ...(isChallenged ? challengeLocation : []),
      ...(routes.length > 0 ? ['error_page 502 = $unanswered;', 'error_page 504 = $unreached;'] : []),
      ...routes.flatMap(location),
      ...(routes.some(({ path }) => path === '/') ? [] : ['location / { return 404; }']),
      ...(routes.length > 0
        ? [
            'location @fallback {',
            ...indent(['proxy_pass http://$fallback;', ...timeouts(longest)]),
            '}',
            'location @gone { return 502; }',
            'location @late { return 504; }',
          ]
        : []),
    ]),
    '}',
  ];
}

/** The path `/v1` matches `/v1` and `/v1/...`, but not `/v1beta`. */
function location(route: Route): string[] {
  if (route.path === '/') return block('location /', route);
  const path = route.path.replace(/\/+$/, '');
  return [...block(`location = ${path}`, route), ...block(`location ${path}/`, route)];
}

function block(head: string, { key, timeoutMs }: Route): string[] {
  return [
    `${head} {`,
    ...indent([
      `root routes/${key}/active/$bucket;`,
      'if ($target = none) { return 503; }',
      'proxy_pass http://$target;',
      ...timeouts(timeoutMs),
    ]),
    '}',
  ];
}

/** Names are asked for again after a second. */
export function resolving(server: string): string[] {
  return [`resolver ${server} valid=1s ipv6=off;`, 'resolver_timeout 5s;'];
}

export function timeouts(timeoutMs: number): string[] {
  const timeout = `${Math.ceil(timeoutMs / 1000)}s`;
  return [`proxy_read_timeout ${timeout};`, `proxy_send_timeout ${timeout};`];
}

function certificate(tls: Route['tls'], files: ReadonlyMap<string, string>): string[] {
  if (!tls) return [];
  const pair = isAutomatic(tls) ? automaticFiles : { certificate: files.get(tls.certificate), key: files.get(tls.key) };
  return [`ssl_certificate ${pair.certificate};`, `ssl_certificate_key ${pair.key};`];
}

/** Challenges come before redirects: the CA asks at port 80. */
function redirect({ from, to }: Front['redirects'][number], isChallenged: boolean): string[] {
  const target = `return 308 https://$host${to === 443 ? '' : `:${to}`}$request_uri;`;
  return [
    'server {',
    ...indent([
      `listen ${from} default_server reuseport;`,
      'server_name _;',
      ...(isChallenged ? [...challengeLocation, `location / { ${target} }`] : [target]),
    ]),
    '}',
  ];
}

/** A server for challenges alone, where nothing else listens on their port. */
function challenged({ automatic, redirects }: Front, servers: readonly Server[]): string[] {
  if (!automatic) return [];
  const { port } = automatic;
  if (servers.some(({ listen }) => listen === port) || redirects.some(({ from }) => from === port)) return [];
  return [
    'server {',
    ...indent([
      `listen ${port} default_server reuseport;`,
      'server_name _;',
      ...challengeLocation,
      'location / { return 404; }',
    ]),
    '}',
  ];
}

export function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
