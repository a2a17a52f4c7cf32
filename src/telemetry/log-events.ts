import type { EventEmitter } from 'node:events';
import type { Level, Logger } from 'pino';
import type { Event, EventCode } from '../model/events';
import type { EngineEvents } from './engine-events';

const levels: Partial<Record<EventCode, Level>> = {
  'deployment.status_changed': 'debug',
  'step.started': 'debug',
  'step.failed': 'error',
  'step.delayed': 'warn',
  'breaker.changed': 'warn',
  'module.health_changed': 'warn',
  'drift.changed': 'warn',
  'watch.acted': 'warn',
};

/** Logs each event as one JSON line that carries the id of its deployment. */
export function logEvents(events: EventEmitter<EngineEvents>, logger: Logger): void {
  events.on('event', (event) => {
    if (event.code === 'host.reported')
      return logger[event.data.message === undefined ? 'debug' : 'warn'](event.data, event.code);
    const { code, stack, environment, deployment, step } = event;
    const about = step && { step: step.id, kind: step.kind, service: step.service, phase: step.phase };
    logger[levels[code] ?? 'info'](
      { deployment: `${stack}/${environment}/${deployment}`, ...about, ...loggedData(event) },
      code,
    );
  });
}

/** The evidence of a failure stays in the result: it can be long. */
function loggedData(event: Event): object {
  if (event.code !== 'deployment.finished' && event.code !== 'deployment.waiting') return event.data;
  const { cause, ...data } = event.data;
  return { ...data, ...(cause && { cause: { step: cause.step, message: cause.message } }) };
}
