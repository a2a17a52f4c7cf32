/** The words about what the engine does between deployments. */

export interface WatchSettings {
  /** Between two looks at what runs; health checks keep their own intervals. */
  everyMs: number;
  /** What differs from the release: told, or put right by a deployment. */
  onDrift: 'report' | 'repair';
  /** What is dead or unhealthy. */
  onUnhealthy: 'restart' | 'report';
}

/** An instance that is not well. */
export interface Ailing {
  /** Its full name, by which a runtime knows it. */
  instance: string;
  service: string;
  ordinal: number;
  /** `exited 137`, `GET :8080/healthz answered 500`. */
  why: string;
  /** False: its restart policy says that it stays down. */
  restartable: boolean;
  /** Where the stack names hosts. */
  host?: string;
}

/** What a look at an environment finds. */
export interface Findings {
  ailing: Ailing[];
  /** Sentences about what differs from the release, and no deployment has done. */
  drift: string[];
}
