import type { SecretSource } from './instance';

/** The words about what others want to be told. */

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

/** One thing that happened, as subscribers get it. */
export interface Notification {
  /** The same for every try of a delivery. */
  id: string;
  type: NotificationType;
  /** In ms since the epoch. */
  at: number;
  stack: string;
  environment: string;
  deployment: number;
  /** A sentence for people. */
  text: string;
  /** What programs want: by type. Of a failure its evidence. */
  details: Record<string, unknown>;
}

export interface NamedSecret {
  name: string;
  source: SecretSource;
}

export type SubscriberTarget =
  /** `key` signs what is sent. The address itself may be a secret. */
  | { kind: 'webhook'; url: string | NamedSecret; key?: NamedSecret }
  | { kind: 'slack'; url: NamedSecret }
  /** `longest`: entries that the stream keeps, about. */
  | { kind: 'redis'; url: string; stream: string; longest: number; password?: NamedSecret };

export interface Subscriber {
  name: string;
  events: NotificationType[];
  target: SubscriberTarget;
}
