import type { SecretSource } from '../model/instance';
import { isName } from '../model/names';
import type { SealingValues } from '../model/instance';
import type { Service, Stack } from '../model/stack';
import { hasMark } from '../model/text/marks';
import type { Finding } from './problems';

/** A stack whose marked values are secrets, without their values. */
export interface Separated {
  stack: Stack;
  values: SealingValues;
  findings: Finding[];
}

/**
 * Takes marked values out of a stack: a variable with one becomes a secret that is sealed when the stack is sent.
 * Marked values anywhere else are refused.
 */
export function separateMarked(stack: Stack): Separated {
  const values: SealingValues = {};
  const services = Object.entries(stack.services).map(([name, service]) => [name, separated(service, values)] as const);
  const sources = Object.fromEntries(Object.keys(values).map((name) => [name, { sealed: '' }]));
  const result = {
    ...stack,
    secrets: { ...stack.secrets, ...sources },
    services: Object.fromEntries(services),
  };
  return { stack: result, values, findings: markedIn(result, []) };
}

function separated(service: Service, values: SealingValues): Service {
  const marked = Object.entries(service.variables).filter(([, value]) => hasMark(value));
  if (marked.length === 0) return service;
  const secrets = marked.map(([variable, value]) => {
    const name = secretName(service.name, variable);
    values[name] = value;
    return { name, source: { sealed: '' }, target: { environment: variable } };
  });
  const variables = Object.fromEntries(Object.entries(service.variables).filter(([, value]) => !hasMark(value)));
  return { ...service, variables, secrets: [...service.secrets, ...secrets] };
}

/** `api.DB_PASSWORD` */
function secretName(service: string, variable: string): string {
  const name = `${service}.${variable.replace(/[^A-Za-z0-9_.-]/g, '_')}`;
  return isName('secret', name) ? name : `${service}.${variable.length}`;
}

/** Marked values that are left. The message does not contain them. */
function markedIn(value: unknown, path: (string | number)[]): Finding[] {
  if (typeof value === 'string')
    return hasMark(value)
      ? [
          {
            path,
            message:
              'contains a credential, which only variables and secrets can pass on; ' +
              'pass it under environment, and let the program read the variable',
          },
        ]
      : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => markedIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => markedIn(item, [...path, key]));
}

/** A stack whose secrets with these names are sealed. */
export function withSources(stack: Stack, values: SealingValues): Stack {
  const sealed: SecretSource = { sealed: '' };
  const isSealed = (name: string) => Object.hasOwn(values, name);
  return {
    ...stack,
    secrets: Object.fromEntries(
      Object.entries(stack.secrets).map(([name, source]) => [name, isSealed(name) ? sealed : source]),
    ),
    services: Object.fromEntries(
      Object.entries(stack.services).map(([name, service]) => [
        name,
        {
          ...service,
          secrets: service.secrets.map((mount) => (isSealed(mount.name) ? { ...mount, source: sealed } : mount)),
        },
      ]),
    ),
  };
}

/** The place of a stack needs no sealed secrets. */
export function withoutSecrets(stack: Stack, sealing: SealingValues): Stack {
  const isKept = (name: string) => !Object.hasOwn(sealing, name);
  return {
    ...stack,
    secrets: Object.fromEntries(Object.entries(stack.secrets).filter(([name]) => isKept(name))),
    services: Object.fromEntries(
      Object.entries(stack.services).map(([name, service]) => [
        name,
        { ...service, secrets: service.secrets.filter((mount) => isKept(mount.name)) },
      ]),
    ),
  };
}
