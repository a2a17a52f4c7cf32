import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { installation } from '../../model/access/statements';
import { threatDetected, type Notification, type Subscriber } from '../../model/notification';
import { accessLimits, taskQueue, type Threat } from '../../workflows/messages';
import type { notify } from '../../workflows/notify';

const mostNamed = 10;

const blocked = `blocked for ${accessLimits.blockedMs / 60_000} minutes`;

const sentences: Record<Threat['kind'], string> = {
  credential_stuffing: `many failed log-ins (${blocked})`,
  denials: `many refused requests (${blocked})`,
  token_reuse: 'a refresh token that was used before (its session has ended)',
  login_locked: 'too many wrong passwords (locked for a while)',
};

/** Tells subscribers of the whole installation what happens to its servers. */
export class Alerts {
  constructor(private readonly temporal: Client) {}

  /** Tells them of attacks, in one notification. It is delivered even if this process ends. */
  async send(threats: readonly Threat[], subscribers: readonly Subscriber[]): Promise<void> {
    const notification: Notification = {
      id: randomUUID(),
      type: threatDetected,
      at: Date.now(),
      ...installation,
      deployment: 0,
      text: textOf(threats),
      details: { threats: threats.slice(0, mostNamed), count: threats.length },
    };
    await this.temporal.workflow.start<typeof notify>('notify', {
      workflowId: `notify/${installation.stack}/${installation.environment}/${notification.id}`,
      taskQueue,
      args: [notification, [...subscribers]],
      staticSummary: `${threatDetected} at a server`,
    });
  }
}

function textOf(threats: readonly Threat[]): string {
  const named = threats.slice(0, mostNamed).map(({ kind, source }) => `${sentences[kind]} from ${source}`);
  const more = threats.length > mostNamed ? [`and ${threats.length - mostNamed} more`] : [];
  return `the server noticed an attack: ${[...named, ...more].join('; ')}`;
}
