import type { SecretSource } from './instance';

/** Types of the load balancer: its routes, and the instances that serve them. */

/** Sends requests for a host port, a host name and a path prefix to a port of a service. */
export interface Route {
  /** `web-8080`: its name in configurations, tables and folders. */
  key: string;
  service: string;
  /** Port of the instances. */
  port: number;
  /** Port of the host. */
  listen: number;
  /** Absent: every host name. */
  host?: string;
  path: string;
  /** Secrets: the certificate and its key; or the certificate that the engine gets by itself. */
  tls?: { certificate: string; key: string } | AutomaticTls;
  /** Read timeout: the longest pause within one response. */
  timeoutMs: number;
}

/** A certificate that the engine gets by itself. */
export interface AutomaticTls {
  automatic: true;
}

/** Whether a route has the certificate that the engine gets by itself. */
export function isAutomatic(tls: Route['tls']): tls is AutomaticTls {
  return tls !== undefined && 'automatic' in tls;
}

/** The certificate that the engine gets by itself, by ACME (RFC 8555) with HTTP-01. */
export interface AutomaticCertificate {
  /** Host port at which challenges are answered, port 80 from outside. */
  port: number;
  /** The names in it, sorted. */
  hosts: string[];
  /** Directory of the CA: `production` or `staging` of Let's Encrypt, or a URL; absent: the worker's choice. */
  directory?: string;
  /** Address that the CA may write to. */
  email?: string;
}

/** The configuration of one load balancer. */
export interface Front {
  routes: Route[];
  /** HTTP ports redirected to a TLS port. */
  redirects: { from: number; to: number }[];
  certificates: CertificateFile[];
  /** Networks of upstream proxies whose X-Forwarded headers are trusted. */
  trustedProxies?: string[];
  /** Revision of the configuration in force; absent in configurations from before revisions. */
  revision?: number;
  automatic?: AutomaticCertificate;
  /** Ports that the shared load balancer of the host publishes; `tlsPort`: with TLS, which ends here. */
  shared?: { port: number; tlsPort?: number };
}

/** A certificate or a key, as the load balancer holds it. */
export interface CertificateFile {
  /** Name of the secret. */
  name: string;
  source: SecretSource;
  /** In a plan it includes the version, so that the earlier file remains for a rollback. */
  file: string;
}

/** An instance's `host:port`, and its share of the requests in per cent. */
export interface Target {
  address: string;
  weight: number;
}

/** The targets of one route. The weights add up to 100; without targets the answer is 503. */
export interface RouteTable {
  route: string;
  targets: Target[];
}

/** The current state that a running load balancer reports. */
export interface TrafficState {
  front?: Front;
  tables: RouteTable[];
}

/** Requests that the shared load balancer of a host passes on to the load balancer of an environment. */
export interface SharedRoute {
  /** Port of the host. */
  port: number;
  host: string;
  path: string;
  timeoutMs: number;
  /** Connections are passed on as they are: the load balancer of the environment has the certificate. */
  tls?: true;
}

/** The routes of an environment at the shared load balancer. */
export interface SharedRoutes {
  stack: string;
  environment: string;
  routes: SharedRoute[];
}

/** The ports of routes, ascending. */
export function portsOf(all: readonly Pick<SharedRoutes, 'routes'>[]): number[] {
  return [...new Set(all.flatMap(({ routes }) => routes.map(({ port }) => port)))].sort((a, b) => a - b);
}

/** Routes that a deployment wants for its environment. */
export interface RouteClaim extends SharedRoutes {
  workflowId: string;
}

/** The end of a claim; without routes the environment keeps those it had. */
export interface RouteSettlement extends Omit<RouteClaim, 'routes'> {
  routes?: SharedRoute[];
}

/** The routes of an environment, and those that a running deployment holds for it. */
export interface SharedClaim extends SharedRoutes {
  held?: { workflowId: string; routes: SharedRoute[] };
}

/** Idle timeout of a client connection at the load balancer. */
export const idleClientMs = 75_000;

/** Name of the service that the engine adds to a stack which exposes something. */
export const balancerName = 'load-balancer';

/** Key of the network between the load balancer of an environment and the shared one; only these two are on it. */
export const sharedNetwork = 'load-balancer';

/** Name of an environment's load balancer on that network; no other environment has it. */
export function sharedAlias({ stack, environment }: Pick<SharedRoutes, 'stack' | 'environment'>): string {
  return `${environment}.${stack}.${balancerName}`;
}

/** Owner of the shared load balancers of a host. No environment of a stack can have this name. */
export const sharedScope = { stack: 'deploy-code', environment: '@host' } as const;

/** The container that publishes a shared port. */
export function sharedContainer(port: number): string {
  return `deploy-code-${balancerName}-${port}`;
}
