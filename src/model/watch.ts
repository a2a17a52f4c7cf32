/** Types of the watch between deployments. */

export interface WatchSettings {
  /** Interval between two inspections; health checks keep their own intervals. */
  everyMs: number;
  /** Reaction to differences from the release: report them, or repair them by a deployment. */
  onDrift: 'report' | 'repair';
  /** Reaction to dead or unhealthy instances. */
  onUnhealthy: 'restart' | 'report';
}

/** An unhealthy or dead instance. */
export interface Ailing {
  /** Its full name in the runtime. */
  instance: string;
  service: string;
  ordinal: number;
  /** `exited 137`, `GET :8080/healthz answered 500`. */
  why: string;
  /** False: its restart policy keeps it down. */
  restartable: boolean;
  /** Set if the stack names hosts. */
  host?: string;
}

/** Findings of one inspection of an environment. */
export interface Findings {
  ailing: Ailing[];
  /** Sentences about differences from the release that no deployment made. */
  drift: string[];
  /** Services that have completed since the last report, with the fingerprint of their instances. */
  completed?: Record<string, string>;
}
