import { isData } from '../read/overlay';
import { mapValues, type Data } from './canonical/values';
import type { Environment } from './environment';
import type { Loading } from './loading';

/** The model with what Compose adds to it: networks, names, dependencies, defaults and values of the shell. */
export function withImplied(model: Data, project: string, environment: Environment, loading: Loading): Data {
  const services = mapValues(model.services, (service) =>
    isData(service) ? ofService(service, environment, loading) : {},
  );
  const usesDefault = Object.values(services).some(
    ({ networks }) => isData(networks) && Object.hasOwn(networks, 'default'),
  );
  const networks = { ...(usesDefault && { default: {} }), ...(model.networks as Data | undefined) };
  const named = (resources: unknown) =>
    mapValues(resources, (resource, key) => withName(resource as Data, key, project));
  return {
    ...model,
    services,
    networks: named(networks),
    volumes: named(model.volumes),
    secrets: named(model.secrets),
    configs: named(mapValues(model.configs, (config) => withContent(config as Data, environment, loading))),
  };
}

/** An external resource has the name of its key; others get that of the project in front. */
function withName(resource: Data, key: string, project: string): Data {
  if (resource.name !== undefined) return resource;
  return { ...resource, name: resource.external === true ? key : `${project}_${key}` };
}

/** A config of a variable has its value as content. */
function withContent(config: Data, environment: Environment, loading: Loading): Data {
  if (typeof config.environment !== 'string') return config;
  const content = loading.take(config.environment, environment);
  return content === null ? config : { ...config, content };
}

function ofService(service: Data, environment: Environment, loading: Loading): Data {
  const dependencies = impliedDependencies(service);
  const { networks, secrets, build, image } = service;
  return {
    ...service,
    ...(service.pull_policy === 'if_not_present' && { pull_policy: 'missing' }),
    ...(joinsNoNetwork(service) || (isData(networks) && Object.keys(networks).length > 0)
      ? {}
      : { networks: { default: null } }),
    ...(Array.isArray(secrets) && {
      secrets: secrets.map((use: Data) => ({ ...use, target: use.target ?? `/run/secrets/${String(use.source)}` })),
    }),
    ...(isData(build) && { build: ofBuild(build, environment, loading) }),
    ...(Array.isArray(service.pre_start) && {
      pre_start: service.pre_start.map((hook: Data) => ({ ...(image !== undefined && { image }), ...hook })),
    }),
    ...(Object.keys(dependencies).length > 0 && {
      depends_on: { ...dependencies, ...(service.depends_on as Data | undefined) },
    }),
  };
}

function joinsNoNetwork({ network_mode: mode, provider }: Data): boolean {
  return mode !== undefined || provider !== undefined;
}

/** An argument without a value takes it from the shell, and is left out if that has none. */
function ofBuild(build: Data, environment: Environment, loading: Loading): Data {
  const given = Object.entries(isData(build.args) ? build.args : {});
  const args = given
    .map(([name, value]) => [name, value === null ? loading.take(name, environment) : value] as const)
    .filter(([, value]) => value !== null);
  return {
    ...(build.dockerfile_inline === undefined && { dockerfile: 'Dockerfile' }),
    ...build,
    ...(build.args !== undefined && { args: Object.fromEntries(args) }),
  };
}

const namespaces = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'];

/** The services whose namespaces a service joins. */
export function joinedBy(service: Data): string[] {
  return namespaces.flatMap((key) => serviceIn(service[key]) ?? []);
}

/** Whether another service joins a namespace of this one. */
export function isJoined(name: string, services: Record<string, Data>): boolean {
  return Object.values(services).some((other) => joinedBy(other).includes(name));
}

/** A service starts after those whose names, volumes or namespaces it uses. */
function impliedDependencies(service: Data): Data {
  const started = (restart: boolean) => ({ condition: 'service_started', restart, required: true });
  const links = texts(service.links).map((link) => toLink(link).service);
  const joined = joinedBy(service);
  const mounted = texts(service.volumes_from).flatMap((text) => toVolumesFrom(text).service ?? []);
  return {
    ...Object.fromEntries(mounted.map((name) => [name, started(false)])),
    ...Object.fromEntries([...links, ...joined].map((name) => [name, started(true)])),
  };
}

/** The key for which a service depends on another one. */
export function keyOfDependency(service: Data, name: string): (string | number)[] {
  const namespace = namespaces.find((key) => serviceIn(service[key]) === name);
  if (namespace !== undefined) return [namespace];
  const link = texts(service.links).findIndex((each) => toLink(each).service === name);
  if (link >= 0) return ['links', link];
  const mounted = texts(service.volumes_from).findIndex((each) => toVolumesFrom(each).service === name);
  return mounted >= 0 ? ['volumes_from', mounted] : ['depends_on', name];
}

/** A service by another name. */
export interface Link {
  service: string;
  alias: string;
}

/** `db:cache`, or `db`. */
export function toLink(link: unknown): Link {
  const [service = '', alias = service] = String(link).split(':');
  return { service, alias };
}

/** `app:ro`, or `app`; no service for `container:app`, a container of somebody else. */
export function toVolumesFrom(text: unknown): { service?: string; isReadOnly: boolean } {
  const [service, mode] = String(text).split(':');
  return service === 'container' && mode !== undefined
    ? { isReadOnly: false }
    : { service: service!, isReadOnly: mode === 'ro' };
}

/** `db` of `service:db`. */
export function serviceIn(mode: unknown): string | undefined {
  return typeof mode === 'string' && mode.startsWith('service:') ? mode.slice('service:'.length) : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
