import type { SecretSource } from './instance';

/** Types of subscribers and their notifications. */

export const notificationTypes = [
  'deployment.started',
  'deployment.waiting',
  'deployment.finished',
  'module.health_changed',
  'performance.threshold_exceeded',
  'drift.changed',
  'watch.acted',
  'breaker.changed',
] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** What only subscribers of the whole installation are told; servers declare those in their access file. */
export const threatDetected = 'security.threat_detected';

/** An event as subscribers receive it. */
export interface Notification {
  /** The same on every delivery attempt. */
  id: string;
  type: NotificationType | typeof threatDetected;
  /** In ms since the epoch. */
  at: number;
  stack: string;
  environment: string;
  deployment: number;
  /** A sentence for people. */
  text: string;
  /** Data for programs, by type; for a failure, its evidence. */
  details: Record<string, unknown>;
}

export interface NamedSecret {
  name: string;
  source: SecretSource;
}

export type SubscriberTarget =
  /** `key` signs the body. The URL itself may be a secret. */
  | { kind: 'webhook'; url: string | NamedSecret; key?: NamedSecret }
  | { kind: 'slack'; url: NamedSecret }
  /** `longest`: approximate number of entries to keep in the stream. */
  | { kind: 'redis'; url: string; stream: string; longest: number; password?: NamedSecret }
  /** `url`: of the REST API. `commit`: that of the release, unless the event has one. */
  | { kind: 'github'; url: string; repository: string; token: NamedSecret; environment?: string; commit?: string }
  /** `url`: `smtp:` or `smtps:`, with a port. */
  | {
      kind: 'email';
      url: string;
      from: string;
      to: string[];
      startTls: boolean;
      user?: string;
      password?: NamedSecret;
    };

/** The credential of a subscriber besides its address. */
export function credentialOf(target: SubscriberTarget): NamedSecret | undefined {
  switch (target.kind) {
    case 'webhook':
      return target.key;
    case 'slack':
      return undefined;
    case 'redis':
    case 'email':
      return target.password;
    case 'github':
      return target.token;
  }
}

export interface Subscriber {
  name: string;
  events: Notification['type'][];
  target: SubscriberTarget;
}
