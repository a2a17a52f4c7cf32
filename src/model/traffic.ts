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
  /** Secrets: the certificate and its key. */
  tls?: { certificate: string; key: string };
  /** Read timeout: the longest pause within one response. */
  timeoutMs: number;
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

/** Idle timeout of a client connection at the load balancer. */
export const idleClientMs = 75_000;

/** Name of the service that the engine adds to a stack which exposes something. */
export const balancerName = 'load-balancer';
