import type { Event } from '../events';
import type { NotificationType } from '../notification';

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

const sentences: { [C in NotificationType]: (event: Event<C>) => string } = {
  'deployment.started': ({ deployment, data: { intent, target, requestedBy, reason } }) =>
    `deployment ${deployment} (${target === undefined ? intent : `${intent} of release ${target}`}) started ` +
    `by ${requestedBy}${reason ? `: ${reason}` : ''}`,
  'deployment.waiting': ({ data }) => data.message,
  'deployment.finished': ({ deployment, data: { outcome, durationMs, cause, release } }) =>
    `deployment ${deployment} ${outcome.replaceAll('_', ' ')} after ${seconds(durationMs)}` +
    `${cause ? `: ${cause.message}` : ''}${release === undefined ? '' : `; release ${release} runs`}`,
  'module.health_changed': ({ data: { instance, healthy, message } }) =>
    healthy ? `${instance} is healthy again` : `${instance} is unhealthy: ${message}`,
  'performance.threshold_exceeded': ({ data: { service, failed } }) => `${service}: ${failed.join('; ')}`,
  'drift.changed': ({ data: { drift } }) => (drift.length > 0 ? `drift: ${drift.join('; ')}` : 'no drift any more'),
  'watch.acted': ({ data: { action, message } }) => `${action}: ${message}`,
  'breaker.changed': ({ data: { open, failures } }) =>
    open ? `circuit breaker open after ${failures} failed deployments in a row` : 'circuit breaker closed',
};

/** A sentence about an event, for the people who receive notifications. */
export function eventText<C extends NotificationType>(event: Event<C>): string {
  const sentence = sentences[event.code] as (event: Event<C>) => string;
  return sentence(event);
}
