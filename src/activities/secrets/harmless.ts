import { isCredentialKey } from '../../model/credential-names';

/** Values of settings, not of secrets: to mask them would garble every log. */
const words = new Set([
  'true', 'false', 'yes', 'no', 'on', 'off', 'none', 'null', 'undefined', 'enabled', 'disabled', 'default', 'auto', 'always', 'never',
  'production', 'prod', 'staging', 'stage', 'development', 'develop', 'testing', 'test', 'local', 'sandbox', 'preview',
  'trace', 'debug', 'info', 'notice', 'warn', 'warning', 'error', 'fatal', 'critical', 'verbose', 'silent', 'quiet',
  'localhost', '127.0.0.1', '0.0.0.0', 'http', 'https', 'json', 'text', 'utf8', 'utf-8', 'root', 'admin', 'user', 'guest', 'public', 'main', 'master',
  'postgres', 'postgresql', 'mysql', 'mariadb', 'sqlite', 'redis', 'mongo', 'mongodb', 'rabbitmq', 'kafka', 'memory', 'file', 'console', 'stdout', 'stderr',
]);
/** A port, a size, a limit: not the digits of a card or a long PIN. */
const number = /^[-+]?\d{1,7}(?:\.\d+)?$/;

/** True for a variable of an env file that holds a setting: a common word or a short number under a name that is not that of a credential. */
export function isHarmless(name: string, value: string): boolean {
  return !isCredentialKey(name) && (words.has(value.toLowerCase()) || number.test(value));
}
