import type { SecretSource } from './instance';

/** The words about the front door: what is exposed, where, and to which instances its requests go. */

/** One way in: requests to a host port, of a host name, below a path, go to a port of a service. */
export interface Route {
  /** `web-8080`: names it in configurations, tables and folders. */
  key: string;
  service: string;
  /** Port inside the instances. */
  port: number;
  /** Port of the host that it is reached by. */
  listen: number;
  /** Absent: every host name. */
  host?: string;
  path: string;
  /** Secrets: the certificate and its key. */
  tls?: { certificate: string; key: string };
  /** The longest silence of an instance within one answer. */
  timeoutMs: number;
}

/** Everything that one load balancer serves. */
export interface Front {
  routes: Route[];
  /** Plain ports whose requests are sent on to a TLS port. */
  redirects: { from: number; to: number }[];
  certificates: CertificateFile[];
  /** Networks of proxies in front, whose X-Forwarded headers are believed. */
  trustedProxies?: string[];
  /** Of the configuration that is in force; absent: from before it was counted. */
  revision?: number;
}

/** A certificate or a key, as the load balancer holds it. */
export interface CertificateFile {
  /** Of the secret. */
  name: string;
  source: SecretSource;
  /** In a plan it tells the version, so that an earlier one stays beside it for the way back. */
  file: string;
}

/** An instance's `host:port`, with its share of a hundred. */
export interface Target {
  address: string;
  weight: number;
}

/** Where the requests of one route go. The weights add up to 100; without targets they are answered 503. */
export interface RouteTable {
  route: string;
  targets: Target[];
}

/** What a running load balancer does at this moment, by its own account. */
export interface TrafficState {
  front?: Front;
  tables: RouteTable[];
}

/** How long a client's connection may idle at the load balancer. */
export const idleClientMs = 75_000;

/** Name of the service that the engine adds to a stack which exposes something. */
export const balancerName = 'load-balancer';
