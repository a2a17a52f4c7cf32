import { isData } from '../../read/overlay';
import type { Finding } from '../../problems';
import { toContainerKeys } from './containers';
import { toBuild } from './build';
import { toDevices, toMounts } from './mounts';
import { toPorts } from './ports';
import { list, mapping, mapValues, octal, type Data } from './values';
import { splitWords } from '../../normalise/words';
import { attempt, type Report } from './report';

/**
 * Expands the short forms of a Compose file that fits the schema, so that each key has one form only. Leaves out null
 * where it means "not set".
 */
export function canonical(file: Data): { data: Data; findings: Finding[]; warnings: Finding[] } {
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  const report: Report = (path, message, kind) =>
    void (kind === 'warning' ? warnings : findings).push({ path, message });
  const data: Data = {
    ...file,
    services: mapValues(file.services, (service, name) =>
      isData(service)
        ? toService(service, (path, message, kind) => report(['services', name, ...path], message, kind))
        : {},
    ),
    networks: mapValues(file.networks, toResource),
    volumes: mapValues(file.volumes, toResource),
    secrets: mapValues(file.secrets, toResource),
    configs: mapValues(file.configs, toResource),
  };
  for (const kind of ['networks', 'volumes', 'secrets', 'configs'])
    for (const [name, resource] of Object.entries((file[kind] ?? {}) as Data))
      refuseTwoNames(kind, name, resource, report);
  return { data: withoutUndefined(data), findings, warnings };
}

/** A network, volume, secret or config. `external: {name: …}` is the old form of `external: true` with `name`. */
function toResource(resource: unknown): Data {
  if (!isData(resource)) return {};
  const { external, ...rest } = resource;
  return withoutUndefined({
    ...rest,
    ...(rest.labels !== undefined && { labels: mapping(rest.labels) }),
    ...(external !== undefined && { external: isData(external) ? true : external }),
    ...(isData(external) && rest.name === undefined && { name: external.name }),
  });
}

function refuseTwoNames(kind: string, key: string, resource: unknown, report: Report): void {
  if (!isData(resource) || !isData(resource.external)) return;
  const { name, external } = resource;
  if (name !== undefined && external.name !== undefined && name !== external.name)
    report([kind, key, 'external', 'name'], 'differs from name; keep name, and set external: true');
}

function toService(service: Data, report: Report): Data {
  const rows: Record<string, (value: unknown, report: Report) => unknown> = { ...forms, ...toContainerKeys };
  const entries = Object.entries(service).flatMap(([key, value]) => {
    const form = Object.hasOwn(rows, key) ? rows[key] : undefined;
    if (value === null && !removable.has(key)) return [];
    return [[key, form ? form(value, (path, message, kind) => report([key, ...path], message, kind)) : value] as const];
  });
  return withoutUndefined(Object.fromEntries(entries));
}

/** In an override, null of these keys removes the value. */
export const removable = new Set(['command', 'entrypoint']);

/** The long form of each key of a service that has short ones. */
const forms: Record<string, (value: unknown, report: Report) => unknown> = {
  build: toBuild,
  develop: toDevelop,
  logging: (value) =>
    isData(value) && value.options !== undefined ? { ...value, options: mapping(value.options) } : value,
  labels: (value) => mapping(value),
  annotations: (value) => mapping(value),
  environment: (value) => mapping(value, null),
  deploy: toDeploy,
  depends_on: toDependencies,
  env_file: (value) =>
    list(value).map((item) => (isData(item) ? { required: true, ...item } : { path: item, required: true })),
  label_file: list,
  extends: (value) => (isData(value) ? value : { service: value }),
  networks: (value) => (Array.isArray(value) ? nulls(value) : value),
  models: (value) => (Array.isArray(value) ? nulls(value) : value),
  ports: (value, report) => toPorts(value as unknown[], report),
  volumes: (value, report) => toMounts(value as unknown[], report),
  devices: (value) => toDevices(value as unknown[]),
  secrets: toFileUses,
  configs: toFileUses,
  gpus: (value) => toRequests(value === 'all' ? [{}] : value),
  healthcheck: toHealthCheck,
  pre_start: (value, report) => toHooks(value as Data[], report),
  post_start: (value, report) => toHooks(value as Data[], report),
  pre_stop: (value, report) => toHooks(value as Data[], report),
};

function toDependencies(value: unknown): Data {
  if (Array.isArray(value))
    return Object.fromEntries(value.map((name) => [name, { condition: 'service_started', required: true }]));
  return mapValues(value, (dependency) => ({
    condition: 'service_started',
    required: true,
    ...(dependency as Data),
  }));
}

function toDevelop(value: unknown, report: Report): unknown {
  if (!isData(value) || !Array.isArray(value.watch)) return value;
  return {
    ...value,
    watch: value.watch.map((item: Data, index) => ({
      ...item,
      ...(item.ignore !== undefined && { ignore: list(item.ignore) }),
      ...(item.include !== undefined && { include: list(item.include) }),
      ...(isData(item.exec) && {
        exec: toHooks([item.exec], (path, message) => report(['watch', index, 'exec', ...path.slice(1)], message))[0],
      }),
    })),
  };
}

function toDeploy(value: unknown): unknown {
  if (!isData(value)) return value;
  const { labels, resources } = value;
  const { reservations } = isData(resources) ? resources : {};
  return {
    ...value,
    ...(labels !== undefined && { labels: mapping(labels) }),
    ...(isData(reservations) &&
      reservations.devices !== undefined && {
        resources: {
          ...(resources as Data),
          reservations: { ...reservations, devices: toRequests(reservations.devices) },
        },
      }),
  };
}

/** Requests for devices; without a count or ids, for all of them. */
function toRequests(value: unknown): Data[] {
  return (value as Data[]).map((request) => ({
    ...(request.count === undefined && request.device_ids === undefined && { count: 'all' }),
    ...request,
    ...(request.options !== undefined && { options: mapping(request.options) }),
  }));
}

function toFileUses(value: unknown, report: Report): Data[] {
  return list(value).map((item, index) => {
    if (!isData(item)) return { source: item };
    if (item.mode === undefined) return item;
    const mode = attempt(report, [index, 'mode'], () => octal(item.mode));
    return { ...item, mode };
  });
}

function toHealthCheck(value: unknown): unknown {
  if (!isData(value) || typeof value.test !== 'string') return value;
  return { ...value, test: ['CMD-SHELL', value.test] };
}

function toHooks(hooks: Data[], report: Report): Data[] {
  return hooks.map((hook, index) => ({
    ...hook,
    ...(typeof hook.command === 'string' && {
      command: attempt(report, [index, 'command'], () => splitWords(hook.command as string)),
    }),
    ...(hook.environment !== undefined && { environment: mapping(hook.environment, null) }),
  }));
}

function nulls(names: unknown[]): Data {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function withoutUndefined(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
