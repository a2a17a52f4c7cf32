import { createHash } from 'node:crypto';
import { balancerName, idleClientMs, type CertificateFile, type Front, type Route } from '../../model/traffic';
import type { RuntimeName } from '../../model/runtimes';
import type { SecretSource } from '../../model/instance';
import type { ExposureInput } from '../schema/exposure';
import type { StackFile } from '../schema/stack-file';
import { toMs } from '../schema/values';
import type { Service } from '../../model/stack';
import { type Attempt, Malformed } from './words';

const longestKey = 200;
const digestLength = 16;

type LoadBalancerInput = NonNullable<NonNullable<StackFile['infrastructure']>['load_balancer']>;

export interface FrontContext {
  settings: LoadBalancerInput;
  secrets: Record<string, SecretSource>;
  runtime: RuntimeName;
  /** Networks without a way out of the host: nothing can be published from them alone. */
  internal: ReadonlySet<string>;
  attempt: Attempt;
}

/** The ways in, and the service that serves them; nothing where nothing is exposed. */
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
  const files = [...new Set(routes.flatMap(({ tls }) => (tls ? [tls.certificate, tls.key] : [])))].sort();
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
  };
  return { front, balancer: toBalancer(front, services, context) };
}

function toRoute(service: string, input: ExposureInput, settings: LoadBalancerInput): Route {
  const { port, host_port: own, host, path = '/', timeout } = input;
  for (const number of [port, ...(own === undefined ? [] : [own])])
    if (number < 1 || number > 65_535) throw new Malformed(`${number} is not a port; ports are 1 to 65535`);
  if (own === undefined && input.tls !== undefined)
    throw new Malformed(
      'has tls without a host_port; services that share a port share its certificate: infrastructure.load_balancer.tls',
    );
  for (const shared of [settings.http_port, settings.https_port])
    if (shared !== undefined && (shared < 1 || shared > 65_535))
      throw new Malformed(`infrastructure.load_balancer shares port ${shared}, which is no port; ports are 1 to 65535`);
  if (typeof input.tls === 'object' && 'secret' in input.tls)
    throw new Malformed('has a tls.secret, which only a cluster has; name certificate and key');
  const tls =
    own === undefined ? settings.tls : typeof input.tls === 'object' ? input.tls : input.tls ? settings.tls : undefined;
  if (input.tls === true && !settings.tls)
    throw new Malformed('has tls: true, and infrastructure.load_balancer.tls names no certificate');
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

/** A folder is called by it. */
function short(key: string): string {
  if (key.length <= longestKey) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, digestLength);
  return `${key.slice(0, longestKey - digestLength - 1)}=${digest}`;
}

/** Plain requests to the shared port are sent on, unless something else is served there. */
function redirectsOf(
  routes: Route[],
  { tls, http_port: from = 80, https_port: to = 443 }: LoadBalancerInput,
): Front['redirects'] {
  const shared = tls && routes.some(({ listen }) => listen === to);
  return shared && !routes.some(({ listen }) => listen === from) ? [{ from, to }] : [];
}

/**
 * Two processes may listen on one port, each with its own share of the new connections: the new one starts beside the
 * old one, which ends when its clients have left. Docker gives a port to one container at a time.
 */
function toBalancer(
  { routes, redirects }: Front,
  services: Record<string, Service>,
  { settings, runtime, internal }: FrontContext,
): Service {
  const exposed = [...new Set(routes.map(({ service }) => service))];
  const ports = [...new Set([...routes.map(({ listen }) => listen), ...redirects.map(({ from }) => from)])].sort(
    (a, b) => a - b,
  );
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
    networks: Object.fromEntries(networksOf(exposed, services, internal).map((name) => [name, { aliases: [] }])),
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
    stopGraceMs: runtime === 'process' ? idleClientMs + 5000 : 3000,
    labels: {},
    strategy:
      runtime === 'process'
        ? { kind: 'rolling', maxSurge: 1, maxUnavailable: 0, minHealthyMs: 0 }
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

/** Those of everything exposed, in an order that does not change with the file's. */
function networksOf(exposed: string[], services: Record<string, Service>, internal: ReadonlySet<string>): string[] {
  const names = [...new Set(exposed.flatMap((name) => Object.keys(services[name]?.networks ?? {})))].sort();
  return names.every((name) => internal.has(name)) ? [...names, 'default'] : names;
}

/** A service that may fail alone does not hold up the others' front door. */
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
