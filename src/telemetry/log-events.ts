import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { EngineEvent } from '../workflows/support/events';

const levels: Partial<Record<EngineEvent['type'], 'warn' | 'error'>> = {
  'step.failed': 'error',
  'platform.trouble': 'warn',
  'breaker.changed': 'warn',
  'module.health_changed': 'warn',
  'drift.changed': 'warn',
  'watch.acted': 'warn',
};

/** Logs one JSON line per event, with the ID of its deployment. */
export function logEvents(events: EventEmitter<{ event: [EngineEvent] }>, logger: Logger): void {
  events.on('event', (event) => {
    if (event.type === 'host.reported')
      return logger[event.message === undefined ? 'debug' : 'warn']({ ...event }, event.type);
    const { type, stack, environment, deployment, ...details } = event;
    logger[levels[type] ?? 'info']({ deployment: `${stack}/${environment}/${deployment}`, ...details }, type);
  });
}
