import type { Logger } from 'pino';
import { maskDeep } from '../activities/secrets/mask-deep';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** Fields that are not masked, because they identify the subject of a line; a secret may have the same value. */
const identities = new Set([
  'stack',
  'environment',
  'service',
  'deployment',
  'step',
  'host',
  'type',
  'workflowId',
  'activityType',
  'namespace',
  'taskQueue',
]);

/** A logger that masks secrets in messages and fields. */
export function maskedLogger(logger: Logger, mask: (text: string) => string): Logger {
  const masked = Object.create(logger) as Logger;
  for (const level of levels)
    masked[level] = (...input: unknown[]) =>
      (logger[level] as (...input: unknown[]) => void)(...input.map((each) => maskFields(each, mask)));
  return masked;
}

function maskFields(input: unknown, mask: (text: string) => string): unknown {
  if (typeof input !== 'object' || input === null || input instanceof Error) return maskDeep(input, mask);
  return Object.fromEntries(
    Object.entries(input).map(([key, value]: [string, unknown]) => [
      key,
      identities.has(key) ? value : maskDeep(value, mask),
    ]),
  );
}
