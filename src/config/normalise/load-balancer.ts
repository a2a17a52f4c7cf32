import {
  balancerName,
  idleClientMs,
  isAutomatic,
  sharedAlias,
  sharedNetwork,
  type AutomaticCertificate,
  type CertificateFile,
  type Front,
  type Route,
} from '../../model/traffic';
import type { RuntimeName } from '../../model/runtimes';
import type { SecretSource } from '../../model/instance';
import type { ExposureInput } from '../schema/exposure';
import type { StackFile } from '../schema/stack-file';
import { toMs } from '../schema/values';
import type { Service } from '../../model/stack';
import { type Attempt, Malformed } from './words';

const longestKey = 200;
const digestLength = 16;
/** Until the shared load balancer has resolved the name of another one again. */
const resolvedMs = 1500;
/** Time of a load balancer that hands over: idle connections of clients end within it. */
const handOverMs = idleClientMs + 5000;

type LoadBalancerInput = NonNullable<NonNullable<StackFile['infrastructure']>['load_balancer']>;

export interface FrontContext {
  place: { stack: string; environment: string };
  settings: LoadBalancerInput;
  secrets: Record<string, SecretSource>;
  runtime: RuntimeName;
  /** Networks with `internal`: a container on these alone cannot publish ports. */
  internal: ReadonlySet<string>;
  attempt: Attempt;
}

/** Routes of the exposed services, and the load balancer service; undefined if no service is exposed. */
export function toFront(
  exposing: StackFile['services'],
  services: Record<string, Service>,
  context: FrontContext,
): { front: Front; balancer: Service } | undefined {
  const routes = Object.entries(exposing).flatMap(([name, { expose }]) =>
    [expose ?? []].flat().flatMap((each, index) => {
      const path = ['services', name, 'expose', ...(Array.isArray(expose) ? [index] : [])];
      return context.attempt(path, () => [toRoute(name, each, context.settings)], []);
    }),
  );
  if (routes.length === 0) return undefined;
  const own = routes.flatMap(({ tls }) => (tls && !isAutomatic(tls) ? [tls.certificate, tls.key] : []));
  const files = [...new Set(own)].sort();
  const certificates = context.attempt(
    ['infrastructure', 'load_balancer', 'tls'],
    () => files.map((name) => toCertificate(name, context.secrets)),
    [],
  );
  const { trusted_proxies: trustedProxies = [] } = context.settings;
  const front: Front = {
    routes,
    redirects: redirectsOf(routes, context.settings),
    certificates,
    ...(trustedProxies.length > 0 && { trustedProxies }),
    ...automaticOf(routes, context.settings),
    ...(context.settings.shared && { shared: sharedPorts(context.settings) }),
  };
  return { front, balancer: toBalancer(front, services, context) };
}

function toRoute(service: string, input: ExposureInput, settings: LoadBalancerInput): Route {
  const { port, host_port: own, host, path = '/', timeout } = input;
  for (const number of [port, ...(own === undefined ? [] : [own])])
    if (number < 1 || number > 65_535) throw new Malformed(`${number} is not a port; ports are 1 to 65535`);
  if (own === undefined && input.tls !== undefined)
    throw new Malformed(
      'has tls without host_port; add a host_port, or set infrastructure.load_balancer.tls for the shared port',
    );
  for (const shared of [settings.http_port, settings.https_port])
    if (shared !== undefined && (shared < 1 || shared > 65_535))
      throw new Malformed(`infrastructure.load_balancer has ${shared} as a port; ports are 1 to 65535`);
  if (typeof input.tls === 'object' && 'secret' in input.tls)
    throw new Malformed('has tls.secret, which is for clusters only; use certificate and key');
  const common = toTls(settings);
  const tls = own === undefined ? common : typeof input.tls === 'object' ? input.tls : input.tls ? common : undefined;
  if (input.tls === true && !settings.tls)
    throw new Malformed('has tls: true without a certificate; set infrastructure.load_balancer.tls');
  const listen = own ?? (settings.tls ? (settings.https_port ?? 443) : (settings.http_port ?? 80));
  const key = [
    service,
    port,
    ...(own === undefined ? [] : [own]),
    ...(host ? [host.replace('*', 'any')] : []),
    ...(path === '/' ? [] : [path.replaceAll('/', '+')]),
  ].join('=');
  return {
    key: short(key),
    service,
    port,
    listen,
    ...(host && { host: host.toLowerCase() }),
    path,
    ...(tls && { tls }),
    timeoutMs: toMs(timeout ?? 60),
  };
}

function toTls({ tls }: LoadBalancerInput): Route['tls'] {
  return tls === 'auto' || (tls && 'auto' in tls) ? { automatic: true } : tls;
}

/** The certificate that the engine gets by itself, for the routes that have it. */
function automaticOf(
  routes: Route[],
  { tls, http_port: port = 80 }: LoadBalancerInput,
): { automatic?: AutomaticCertificate } {
  const named = routes.flatMap((route) => (isAutomatic(route.tls) ? (route.host ?? []) : []));
  if (!routes.some((route) => isAutomatic(route.tls))) return {};
  const { email, directory } = typeof tls === 'object' && 'auto' in tls ? tls : {};
  return {
    automatic: {
      port,
      hosts: [...new Set(named)].sort(),
      ...(directory !== undefined && { directory }),
      ...(email !== undefined && { email }),
    },
  };
}

/** The ports that the shared load balancer of the host publishes instead. */
function sharedPorts({ http_port: port = 80, https_port: tlsPort = 443, tls }: LoadBalancerInput): Front['shared'] {
  return { port, ...(tls && { tlsPort }) };
}

/** Limits a key to the length of a file name: it names the folder of the route. */
function short(key: string): string {
  if (key.length <= longestKey) return key;
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(key).digest('hex').slice(0, digestLength);
  return `${key.slice(0, longestKey - digestLength - 1)}=${digest}`;
}

/** Redirects the shared HTTP port to HTTPS, unless a route uses that port. */
function redirectsOf(
  routes: Route[],
  { tls, http_port: from = 80, https_port: to = 443 }: LoadBalancerInput,
): Front['redirects'] {
  const shared = tls && routes.some(({ listen }) => listen === to);
  return shared && !routes.some(({ listen }) => listen === from) ? [{ from, to }] : [];
}

/**
 * Processes can share a port (SO_REUSEPORT), so a new load balancer starts beside the old one, which exits when its
 * clients have disconnected. On Docker, only one container can publish a port; behind the shared load balancer none
 * does, and both have the same name for a while.
 */
function toBalancer(
  { routes, redirects, shared, automatic }: Front,
  services: Record<string, Service>,
  { settings, runtime, internal, place }: FrontContext,
): Service {
  const exposed = [...new Set(routes.map(({ service }) => service))];
  const listening = [...routes.map(({ listen }) => listen), ...redirects.map(({ from }) => from)];
  const ports = [...new Set([...listening, ...(automatic ? [automatic.port] : [])])]
    .filter((port) => port !== shared?.port && port !== shared?.tlsPort)
    .sort((a, b) => a - b);
  const handsOver = runtime === 'process' || (shared !== undefined && ports.length === 0);
  return {
    name: balancerName,
    kind: 'service',
    ...(runtime !== 'process' && { image: settings.image ?? 'nginx:1.28' }),
    pullPolicy: 'missing',
    variables: {},
    envFiles: [],
    ports: ports.map((port) => ({ container: port, published: { from: port, to: port }, protocol: 'tcp' })),
    mounts: [],
    configs: [],
    secrets: [],
    networks: {
      ...Object.fromEntries(networksOf(exposed, services, internal).map((name) => [name, { aliases: [] }])),
      ...(shared && { [sharedNetwork]: { aliases: [sharedAlias(place)] } }),
    },
    dependsOn: Object.fromEntries(exposed.map((name) => [name, readiness(services[name])])),
    healthCheck: {
      probe: {
        kind: 'command',
        command: ['/bin/sh', '-c', `cd "\${DEPLOY_CODE_FILES:-/deploy-code}" && kill -0 "$(cat nginx.pid)"`],
      },
      intervalMs: 1000,
      timeoutMs: 5000,
      retries: 10,
      startPeriodMs: 0,
    },
    replicas: 1,
    reserve: {},
    limit: {},
    restart: 'unless-stopped',
    stopSignal: 'SIGQUIT',
    stopGraceMs: handsOver ? handOverMs : 3000,
    labels: {},
    strategy: handsOver
      ? { kind: 'rolling', maxSurge: 1, maxUnavailable: 0, minHealthyMs: runtime === 'process' ? 0 : resolvedMs }
      : { kind: 'recreate' },
    hooks: {},
    onFailure: 'rollback',
    init: false,
    tmpfs: [],
    capAdd: [],
    capDrop: [],
    readOnly: false,
    extraHosts: [],
    run: 'on_change',
    onRollback: 'keep',
  };
}

/** Networks of all exposed services, sorted so that their order in the file makes no difference. */
function networksOf(exposed: string[], services: Record<string, Service>, internal: ReadonlySet<string>): string[] {
  const names = [...new Set(exposed.flatMap((name) => Object.keys(services[name]?.networks ?? {})))].sort();
  return names.every((name) => internal.has(name)) ? [...names, 'default'] : names;
}

/** A service with `on_failure: continue` must not delay the load balancer of the others. */
function readiness(service: Service | undefined): 'healthy' | 'started' {
  return service?.healthCheck && service.onFailure !== 'continue' ? 'healthy' : 'started';
}

function toCertificate(name: string, secrets: Record<string, SecretSource>): CertificateFile {
  const source = secrets[name];
  if (!source)
    throw new Malformed(
      `the secret "${name}" is not declared; add it under the top-level secrets with file or environment`,
    );
  return { name, source, file: name };
}
