import type { Finding } from '../problems';
import { isData } from '../read/overlay';
import type { Data } from './canonical/values';
import { keyOfDependency, serviceIn } from './implied';
import type { ComposeProject } from './project';

type Path = (string | number)[];
type Refuse = (path: Path, message: string) => void;

/** What Compose refuses in a project although each file is well-formed. */
export function inconsistencies(project: ComposeProject): Finding[] {
  const findings: Finding[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    const refuse: Refuse = (path, message) => findings.push({ path: ['services', name, ...path], message });
    imageOrBuild(service, refuse);
    networks(service, project, refuse);
    dependencies(service, project, refuse);
    volumes(service, project, refuse);
    files(service, project, refuse);
    targets(service, refuse);
    equalAmounts(service, refuse);
    instances(service, refuse);
    healthTest(service, refuse);
    deviceRequests(service, refuse);
    builds(service, project, refuse);
    others(service, project, refuse);
  }
  const top = (path: Path, message: string) => void findings.push({ path, message });
  sources(project, top);
  externals(project, top);
  return [...findings, ...cycles(project)];
}

function imageOrBuild({ image, build, provider }: Data, refuse: Refuse): void {
  if (!image && !build && !provider)
    refuse(image === '' ? ['image'] : [], image === '' ? 'is empty' : 'has neither image nor build; add one');
  if (isData(build) && build.dockerfile !== undefined && build.dockerfile_inline !== undefined)
    refuse(['build'], 'has both dockerfile and dockerfile_inline; keep one');
}

function networks({ network_mode: mode, networks: joined }: Data, project: ComposeProject, refuse: Refuse): void {
  if (mode !== undefined && isData(joined) && Object.keys(joined).length > 0)
    refuse(['network_mode'], 'cannot be used together with networks; keep one');
  for (const name of keys(joined))
    if (!Object.hasOwn(project.networks, name))
      refuse(['networks', name], `the network "${name}" is not declared; add it under the top-level networks`);
  const shared = serviceIn(mode);
  if (shared !== undefined && !Object.hasOwn(project.services, shared))
    refuse(['network_mode'], `there is no service "${shared}"`);
}

function dependencies(service: Data, project: ComposeProject, refuse: Refuse): void {
  const { depends_on: on } = service;
  for (const [name, dependency] of Object.entries(isData(on) ? on : {})) {
    if (Object.hasOwn(project.services, name)) continue;
    const isDisabled = project.disabled.includes(name);
    if (isDisabled && (dependency as Data).required === false) continue;
    const remedy = isDisabled
      ? `"${name}" belongs to a profile that is not active; activate it with --profile, or set required: false`
      : `there is no service "${name}"`;
    refuse(keyOfDependency(service, name), remedy);
  }
}

function volumes(service: Data, project: ComposeProject, refuse: Refuse): void {
  for (const [index, { type, source }] of mountsOf(service).entries())
    if (type === 'volume' && source !== undefined && !Object.hasOwn(project.volumes, String(source)))
      refuse(
        ['volumes', index],
        `the volume "${String(source)}" is not declared; add it under the top-level volumes, or write ` +
          `./${String(source)} for a folder`,
      );
}

function files(service: Data, project: ComposeProject, refuse: Refuse): void {
  for (const kind of ['secrets', 'configs'] as const)
    for (const [index, { source }] of listOf(service[kind]).entries())
      if (!Object.hasOwn(project[kind], String(source)))
        refuse(
          [kind, index],
          `the ${kind.slice(0, -1)} "${String(source)}" is not declared; add it under the top-level ${kind}`,
        );
}

function targets(service: Data, refuse: Refuse): void {
  const tmpfs = Array.isArray(service.tmpfs) ? service.tmpfs.map((item) => String(item).split(':')[0]!) : [];
  const all: [Path, string][] = [
    ...tmpfs.map((target, index): [Path, string] => [['tmpfs', index], target]),
    ...mountsOf(service).map(({ target }, index): [Path, string] => [['volumes', index], String(target)]),
  ];
  const taken = new Set<string>();
  for (const [path, target] of all) {
    if (taken.has(target)) refuse(path, `${target} is mounted twice; keep one`);
    taken.add(target);
  }
}

/** Pairs of keys that mean one amount. */
function equalAmounts({ deploy, ...service }: Data, refuse: Refuse): void {
  const { limits, reservations } = (isData(deploy) && isData(deploy.resources) ? deploy.resources : {}) as Data;
  const pairs = [
    ['cpus', limits, 'cpus'],
    ['mem_limit', limits, 'memory'],
    ['mem_reservation', reservations, 'memory'],
    ['pids_limit', limits, 'pids'],
  ] as const;
  for (const [key, amounts, other] of pairs) {
    const [one, two] = [service[key], isData(amounts) ? amounts[other] : undefined];
    if (one !== undefined && isData(amounts) && String(one) !== String(two))
      refuse([key], `differs from ${other} under deploy.resources; keep one of them`);
  }
}

function instances({ scale, deploy, container_name: own }: Data, refuse: Refuse): void {
  const replicas = isData(deploy) ? deploy.replicas : undefined;
  if (scale !== undefined && replicas !== undefined && scale !== replicas)
    refuse(['scale'], 'differs from deploy.replicas; keep one of them');
  if (Number(scale ?? 0) < 0) refuse(['scale'], 'must not be negative');
  if (Number(replicas ?? 0) < 0) refuse(['deploy', 'replicas'], 'must not be negative');
  if (own !== undefined && Number(scale ?? replicas ?? 1) > 1)
    refuse(['container_name'], 'cannot be used with several replicas, which need names of their own; remove it');
}

function healthTest({ healthcheck }: Data, refuse: Refuse): void {
  const test = isData(healthcheck) && Array.isArray(healthcheck.test) ? healthcheck.test : [];
  if (test.length > 0 && !['CMD', 'CMD-SHELL', 'NONE'].includes(String(test[0])))
    refuse(['healthcheck', 'test'], 'must begin with CMD, CMD-SHELL or NONE; a text is a shell command');
}

function deviceRequests({ gpus, deploy }: Data, refuse: Refuse): void {
  const resources = isData(deploy) && isData(deploy.resources) ? deploy.resources : {};
  const reserved = isData(resources.reservations) ? resources.reservations.devices : undefined;
  const places: [Path, unknown][] = [
    [['gpus'], gpus],
    [['deploy', 'resources', 'reservations', 'devices'], reserved],
  ];
  for (const [path, requests] of places)
    for (const [index, { count, device_ids: ids }] of listOf(requests).entries())
      if (count !== undefined && ids !== undefined) refuse([...path, index], 'has both count and device_ids; keep one');
}

/** A build may take secrets of the project, and images of other services. */
function builds({ build, platform }: Data, project: ComposeProject, refuse: Refuse): void {
  if (!isData(build)) return;
  for (const [index, { source }] of listOf(build.secrets).entries())
    if (!Object.hasOwn(project.secrets, String(source)))
      refuse(['build', 'secrets', index], `the secret "${String(source)}" is not declared`);
  for (const [name, context] of Object.entries(isData(build.additional_contexts) ? build.additional_contexts : {})) {
    const other = serviceIn(context);
    if (other !== undefined && !isData(project.services[other]?.build))
      refuse(['build', 'additional_contexts', name], `there is no service "${other}" with a build`);
  }
  const platforms = Array.isArray(build.platforms) ? build.platforms : [];
  if (platform !== undefined && platforms.length > 0 && !platforms.includes(platform))
    refuse(['build', 'platforms'], `does not have the platform ${String(platform)} of the service; add it`);
}

function others({ models, develop }: Data, project: ComposeProject, refuse: Refuse): void {
  for (const name of keys(models))
    if (!Object.hasOwn(project.models, name)) refuse(['models', name], `the model "${name}" is not declared`);
  const watch = isData(develop) ? listOf(develop.watch) : [];
  for (const [index, { action, target }] of watch.entries())
    if (target === undefined && action !== 'rebuild' && action !== 'restart')
      refuse(['develop', 'watch', index], `needs a target for ${String(action)}`);
}

function sources(project: ComposeProject, refuse: Refuse): void {
  const kinds = [
    ['secrets', ['file', 'environment']],
    ['configs', ['file', 'environment', 'content']],
  ] as const;
  for (const [kind, allowed] of kinds)
    for (const [name, resource] of Object.entries(project[kind])) {
      const implied = kind === 'configs' && resource.environment !== undefined ? ['content'] : [];
      const given = allowed.filter((key) => resource[key] !== undefined && !implied.includes(key));
      if (given.length > 1) refuse([kind, name], `has ${given.join(' and ')}; keep one`);
      if (given.length === 0 && resource.external === undefined)
        refuse([kind, name], `has no source; set one of ${allowed.join(', ')}`);
    }
}

/** An external resource exists already, so nothing else can be set. */
function externals(project: ComposeProject, refuse: Refuse): void {
  for (const [name, volume] of Object.entries(project.volumes)) {
    const other = Object.keys(volume).find((key) => key !== 'external' && key !== 'name');
    if (volume.external === true && other !== undefined)
      refuse(['volumes', name, other], 'cannot be set for an external volume; remove it');
  }
}

function cycles({ services }: ComposeProject): Finding[] {
  const done = new Set<string>();
  const visit = (name: string, chain: readonly string[]): Finding[] => {
    if (chain.includes(name)) {
      const cycle = [...chain.slice(chain.indexOf(name)), name];
      const key = keyOfDependency(services[name]!, cycle[1]!);
      const message = `is part of a cycle: ${cycle.join(' -> ')}; remove one of these dependencies`;
      return [{ path: ['services', name, ...key], message }];
    }
    if (done.has(name) || !Object.hasOwn(services, name)) return [];
    const found = keys(services[name]!.depends_on).flatMap((next) => visit(next, [...chain, name]));
    done.add(name);
    return found;
  };
  return Object.keys(services).flatMap((name) => visit(name, []));
}

function mountsOf(service: Data): Data[] {
  return listOf(service.volumes);
}

function listOf(value: unknown): Data[] {
  return Array.isArray(value) ? (value as Data[]) : [];
}

function keys(value: unknown): string[] {
  return isData(value) ? Object.keys(value) : [];
}
