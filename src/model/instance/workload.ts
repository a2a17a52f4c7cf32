import type { SecretMount } from './secrets';

/** On a cluster a service is one workload; the cluster itself creates and replaces its pods. */
export interface Workload {
  /** Absent if an autoscaler chooses. */
  replicas?: number;
  /** How pods are replaced. */
  rollout: 'recreate' | { maxSurge: number; maxUnavailable: number; minHealthyMs: number };
  /**
   * Set on a temporary workload beside the service's own: a canary receives a share of the requests, the next set
   * receives none until the switch.
   */
  beside?: Beside;
  /** Number of the deployment that restarted its pods without another change. */
  restartedBy?: number;
  /** Number of the deployment whose workload this one replaces; set by the driver. */
  replaces?: number;
  pullPolicy: 'missing' | 'always' | 'never';
  zone?: string;
  /** Its dependants resolve it by name as soon as it is ready: from within the cluster, or from another host. */
  awaited?: 'inside' | 'outside';
  /** Ingress routes for requests from outside. */
  ingress: IngressRoute[];
  /** Cluster settings shared by all workloads of the stack. */
  settings: ClusterSettings;
}

/** One ingress route. */
export interface IngressRoute {
  host?: string;
  path: string;
  port: number;
  /** True: the ingress controller's default certificate. `secret`: an existing secret of the namespace. */
  tls?: true | { secret: string } | CertificatePair;
}

/** Two secrets of the stack. */
export interface CertificatePair {
  certificate: SecretMount;
  key: SecretMount;
}

export type Beside = 'canary' | 'next';

export interface ClusterSettings {
  /** Absent: `<stack>-<environment>`. */
  namespace?: string;
  /** Names of the namespace's image pull secrets. */
  pullSecrets: string[];
  serviceAccount?: string;
  ingressClass?: string;
  /** Gateway of the exposed services: `namespace/name`, or a name in the stack's namespace. */
  gateway?: string;
  serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** Only services that share a network reach each other. */
  isolated: boolean;
}

/**
 * Temporary destination of a service's requests instead of its own workload: another workload; all pods of the service
 * (`*`); or a percentage of a Gateway's requests to another workload.
 */
export type ServedBy = string | { workload: string; share: number };
