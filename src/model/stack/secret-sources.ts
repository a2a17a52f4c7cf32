import type { Stack } from '.';
import type { IngressRoute, SecretMount, SecretSource } from '../instance';
import { mapValues } from '../map-values';
import type { SubscriberTarget } from '../notification';
import type { DriverOptions } from '../resources';
import { isOwnPair } from './certificates';

/** Changes one use of a secret. */
type Change = <Use extends { name: string; source: SecretSource }>(use: Use) => Use;

/**
 * The stack with another source for each secret, wherever it is used: by services, networks, volumes,
 * certificates, subscribers and triggers.
 * @param sourceOf returns the source to use instead of this one
 */
export function replaceSources(stack: Stack, sourceOf: (name: string, source: SecretSource) => SecretSource): Stack {
  const change: Change = (use) => ({ ...use, source: sourceOf(use.name, use.source) });
  const { secrets, services, networks, volumes, front, subscribers, triggers } = stack;
  return {
    ...stack,
    secrets: mapValues(secrets, (source, name) => sourceOf(name, source)),
    services: mapValues(services, (service) => ({
      ...service,
      secrets: service.secrets.map(change),
      ...(service.ingress && { ingress: service.ingress.map((route) => ofRoute(route, change)) }),
    })),
    networks: mapValues(networks, (network) => ofDriver(network, change)),
    volumes: mapValues(volumes, (volume) => ofDriver(volume, change)),
    ...(front && { front: { ...front, certificates: front.certificates.map(change) } }),
    ...(subscribers && {
      subscribers: subscribers.map((subscriber) => ({ ...subscriber, target: ofTarget(subscriber.target, change) })),
    }),
    ...(triggers && { triggers: triggers.map((trigger) => ({ ...trigger, secret: change(trigger.secret) })) }),
  };
}

/** The sources of all secrets of a stack, and of their uses. */
export function sourcesOf(stack: Stack): SecretSource[] {
  const found: SecretSource[] = [];
  replaceSources(stack, (_name, source) => {
    found.push(source);
    return source;
  });
  return found;
}

/** Secrets that options of the drivers of networks and volumes refer to. */
export function secretsOfDrivers({ networks, volumes }: Pick<Stack, 'networks' | 'volumes'>): SecretMount[] {
  return [...Object.values(networks), ...Object.values(volumes)].flatMap(({ secrets = [] }) => secrets);
}

/** The ciphertexts in a source. */
export function ciphertextsOf(source: SecretSource): string[] {
  if (!('sealed' in source)) return [];
  return [source.sealed, ...('parts' in source ? Object.values(source.parts ?? {}) : [])].filter(Boolean);
}

/** The names of the stored secrets that a source consists of. */
export function storedNamesOf(source: SecretSource): string[] {
  if ('stored' in source) return [source.stored];
  return 'parts' in source ? Object.keys(source.parts ?? {}) : [];
}

function ofDriver<Resource extends DriverOptions>(resource: Resource, change: Change): Resource {
  return resource.secrets ? { ...resource, secrets: resource.secrets.map(change) } : resource;
}

function ofRoute(route: IngressRoute, change: Change): IngressRoute {
  const { tls } = route;
  return isOwnPair(tls) ? { ...route, tls: { certificate: change(tls.certificate), key: change(tls.key) } } : route;
}

function ofTarget(target: SubscriberTarget, change: Change): SubscriberTarget {
  switch (target.kind) {
    case 'webhook': {
      const { url, key } = target;
      return { ...target, url: typeof url === 'string' ? url : change(url), ...(key && { key: change(key) }) };
    }
    case 'slack':
      return { ...target, url: change(target.url) };
    case 'github':
      return { ...target, token: change(target.token) };
    case 'redis':
    case 'email':
      return { ...target, ...(target.password && { password: change(target.password) }) };
  }
}
