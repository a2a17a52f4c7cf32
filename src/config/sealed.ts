import {
  sealedReference,
  type EngineHealth,
  type HealthCheck,
  type SealingValues,
  type SecretMount,
  type SecretSource,
  type VariableValues,
} from '../model/instance';
import { mapValues } from '../model/map-values';
import type { DriverOptions } from '../model/resources';
import { runtimeOf } from '../model/stack/runtime-of';
import type { Service, Stack } from '../model/stack';
import { replaceSources } from '../model/stack/secret-sources';
import { hasMark } from '../model/text/marks';
import type { Finding } from './problems';

/** A stack whose marked values are secrets, without their values. */
export interface Separated {
  stack: Stack;
  values: SealingValues;
  findings: Finding[];
}

/**
 * Takes marked values out of a stack, to be sealed when it is sent: a variable with one becomes a secret, and so does
 * each text of a container and a hook on Docker, each option of the driver of a network or a volume, and each config.
 * Marked values anywhere else are refused.
 */
export function separateMarked(stack: Stack): Separated {
  const values: SealingValues = {};
  const configs = Object.entries(stack.configs).filter(([, { content }]) => hasMark(content));
  for (const [name, { content }] of configs) values[configName(name)] = content;
  const secretConfigs = new Set(configs.map(([name]) => name));
  const services = Object.entries(stack.services).map(([name, service]) => {
    const files = withSecretFiles(service, secretConfigs);
    return [name, separated(files, stack, values)] as const;
  });
  const networks = withReferringOptions('networks', stack.networks, stack, values);
  const volumes = withReferringOptions('volumes', stack.volumes, stack, values);
  const sources = Object.fromEntries(Object.keys(values).map((name) => [name, unsealed]));
  const result = {
    ...stack,
    networks,
    volumes,
    configs: Object.fromEntries(Object.entries(stack.configs).filter(([name]) => !secretConfigs.has(name))),
    secrets: { ...stack.secrets, ...sources },
    services: Object.fromEntries(services),
  };
  return { stack: result, values, findings: markedIn(result, []) };
}

/** The stack whose services take the variables of their env files as one secret each, and the values of those. */
export function withEnvFiles(
  stack: Stack,
  envFiles: Record<string, VariableValues>,
): { stack: Stack; values: Record<string, VariableValues> } {
  const values: Record<string, VariableValues> = {};
  const services = Object.entries(stack.services).map(([key, service]) => {
    if (!Object.hasOwn(envFiles, key)) return [key, service] as const;
    const name = secretName(key, 'env_file', new Set([...Object.keys(stack.secrets), ...Object.keys(values)]));
    values[name] = envFiles[key]!;
    const mount: SecretMount = { name, source: unsealed, target: { variables: true } };
    return [key, { ...service, secrets: [mount, ...service.secrets] }] as const;
  });
  const sources = Object.fromEntries(Object.keys(values).map((name) => [name, unsealed]));
  return {
    stack: { ...stack, secrets: { ...stack.secrets, ...sources }, services: Object.fromEntries(services) },
    values,
  };
}

const unsealed: SecretSource = { sealed: '' };

function configName(config: string): string {
  return `config.${config}`;
}

/** A config with a marked value is a secret file at the same place. */
function withSecretFiles(service: Service, configs: ReadonlySet<string>): Service {
  const secret = service.configs.filter(({ name }) => configs.has(name));
  if (secret.length === 0) return service;
  const mounts = secret.map(({ name, ...target }) => ({ name: configName(name), source: unsealed, target }));
  return {
    ...service,
    configs: service.configs.filter(({ name }) => !configs.has(name)),
    secrets: [...service.secrets, ...mounts],
  };
}

/**
 * Networks or volumes whose drivers' options refer to what is secret in them. Not the device of a volume: it may be a
 * path of the host, which the policy judges.
 */
function withReferringOptions<Resource extends DriverOptions>(
  section: string,
  resources: Record<string, Resource>,
  stack: Stack,
  values: SealingValues,
): Record<string, Resource> {
  if (!Object.values(stack.services).some((service) => runtimeOf(service, stack) === 'docker')) return resources;
  return mapValues(resources, (resource, key) => {
    const secrets: SecretMount[] = [];
    const referred = (option: string, text: string) => {
      if (!hasMark(text) || option === 'device') return text;
      const name = freeName(section, `${key}.${option}`, stack, values);
      values[name] = text;
      secrets.push({ name, source: unsealed, target: { texts: true } });
      return sealedReference(name);
    };
    const driverOptions = mapValues(resource.driverOptions ?? {}, (text, option) => referred(option, text));
    return secrets.length === 0 ? resource : { ...resource, driverOptions, secrets };
  });
}

function freeName(owner: string, key: string, stack: Stack, values: SealingValues): string {
  return secretName(owner, key, new Set([...Object.keys(stack.secrets), ...Object.keys(values)]));
}

function separated(service: Service, stack: Stack, values: SealingValues): Service {
  const secrets: SecretMount[] = [];
  const take = (key: string, value: string, target: SecretMount['target']): string => {
    const name = freeName(service.name, key, stack, values);
    values[name] = value;
    secrets.push({ name, source: unsealed, target });
    return name;
  };
  const variables = Object.entries(service.variables).filter(([variable, value]) => {
    if (hasMark(value)) take(variable, value, { environment: variable });
    return !hasMark(value);
  });
  const referred = (key: string, text: string) =>
    hasMark(text) ? sealedReference(take(key, text, { texts: true })) : text;
  const texts = runtimeOf(service, stack) === 'docker' ? withReferences(service, referred) : {};
  return secrets.length === 0
    ? service
    : { ...service, ...texts, variables: Object.fromEntries(variables), secrets: [...service.secrets, ...secrets] };
}

/** Texts of the container with references to what is secret in them. Docker runs a health check that has one. */
function withReferences(service: Service, referred: (key: string, text: string) => string): Partial<Service> {
  const words = (key: string, list: string[]) => list.map((word, index) => referred(`${key}.${index}`, word));
  const texts = (key: string, map: Record<string, string>) =>
    mapValues(map, (text, name) => referred(`${key}.${name}`, text));
  const { command, entrypoint, labels, logging, healthCheck, hooks } = service;
  const probe = healthCheck?.probe;
  const isSecretProbe = probe?.kind === 'command' && probe.command.some(hasMark);
  return {
    ...(command && { command: words('command', command) }),
    ...(entrypoint && { entrypoint: words('entrypoint', entrypoint) }),
    labels: texts('labels', labels),
    ...(logging && { logging: { ...logging, options: texts('logging', logging.options) } }),
    hooks: {
      ...hooks,
      ...(hooks.postStart && { postStart: words('hooks.post_start', hooks.postStart) }),
      ...(hooks.preStop && { preStop: words('hooks.pre_stop', hooks.preStop) }),
    },
    ...(isSecretProbe && {
      healthCheck: { ...healthCheck!, probe: { kind: 'runtime' } },
      engineHealth: { ...timesOf(healthCheck!), command: words('healthcheck', probe.command) },
    }),
  };
}

function timesOf({ intervalMs, timeoutMs, retries, startPeriodMs }: HealthCheck): Omit<EngineHealth, 'command'> {
  return { intervalMs, timeoutMs, retries, startPeriodMs };
}

/** `api.DB_PASSWORD`; another name where that one is taken. */
function secretName(service: string, key: string, taken: ReadonlySet<string>): string {
  const name = `${service}.${key.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 150)}`;
  const names = [name, ...Array.from({ length: taken.size }, (_, index) => `${name}-${index + 2}`)];
  return names.find((each) => !taken.has(each))!;
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
  return Object.entries(value).flatMap(([key, item]) => [
    ...markedIn(key, [...path, key]),
    ...markedIn(item, [...path, key]),
  ]);
}

/** A stack whose secrets with these names are sealed. */
export function withSources(stack: Stack, values: SealingValues): Stack {
  return replaceSources(stack, (name, source) => (Object.hasOwn(values, name) ? unsealed : source));
}

/** A stack without secrets that are to be sealed. */
export function withoutSealed(stack: Stack): Stack {
  const isKept = (source: SecretSource) => !('sealed' in source);
  const bare = <Resource extends DriverOptions>({ secrets: _, ...resource }: Resource) => resource;
  return {
    ...stack,
    networks: mapValues(stack.networks, bare),
    volumes: mapValues(stack.volumes, bare),
    secrets: Object.fromEntries(Object.entries(stack.secrets).filter(([, source]) => isKept(source))),
    services: Object.fromEntries(
      Object.entries(stack.services).map(([name, service]) => [
        name,
        { ...service, secrets: service.secrets.filter(({ source }) => isKept(source)) },
      ]),
    ),
  };
}
