import type { Data } from '../canonical/values';
import type { Part } from './part';
import { dataOf } from './values';

/** The health check of a service. Without a test it is that of the image, which Docker runs. */
export function toHealthCheck({ name, service, relations, notes }: Part): Data {
  if (relations.jobs.has(name)) {
    if (service.healthcheck !== undefined)
      notes.ignore(['healthcheck'], 'has no effect: others wait until it has completed, so it is a job');
    return {};
  }
  const check = dataOf(service.healthcheck);
  const { test, interval, timeout, retries, start_period: startPeriod } = check;
  const [kind, ...words] = Array.isArray(test) ? test.map(String) : [];
  if (isDisabled(check)) return { health_check: { disable: true } };
  if (check.start_interval !== undefined)
    notes.ignore(['healthcheck', 'start_interval'], 'is not needed: the engine checks often until the first success');
  const isOfImage = kind === undefined;
  if (isOfImage && service.healthcheck === undefined && !relations.awaitedHealthy.has(name)) return {};
  const times = {
    ...(isSet(interval) && { interval }),
    timeout: isSet(timeout) ? timeout : '30s',
    ...(isSet(retries) && { retries }),
    ...(isSet(startPeriod) && { start_period: startPeriod }),
  };
  if (isOfImage) return { health_check: { runtime: true, ...times } };
  return { health_check: { command: kind === 'CMD-SHELL' ? words.join(' ') : words, ...times } };
}

/** Whether a health check turns that of the image off. */
export function isDisabled({ disable, test }: Data): boolean {
  return disable === true || (Array.isArray(test) && test[0] === 'NONE');
}

/** 0 stands for the default. */
function isSet(value: unknown): boolean {
  return value !== undefined && !/^0[a-z]*$/.test(String(value));
}
