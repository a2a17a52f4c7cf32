import { Malformed } from './words';

/** The name of a time zone; default UTC. @throws Malformed if it is unknown */
export function toTimeZone(name = 'UTC'): string {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name }).format();
    return name;
  } catch {
    throw new Malformed(`has an unknown time_zone "${name}"; write one such as Europe/Berlin or UTC`);
  }
}
