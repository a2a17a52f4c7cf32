import { isData } from '../../read/overlay';
import { mapValues, type Data } from '../canonical/values';
import { extensionKey } from '../loading';
import type { ComposeProject } from '../project';
import type { Findings } from './notes';
import type { Relations } from './relations';
import { instancesOf, listOf } from './values';

/** The networks that services join. */
export function toNetworks(project: ComposeProject, findings: Findings): Data {
  const used = usedBy(project, ({ networks }) => (isData(networks) ? Object.keys(networks) : []));
  return mapValues(only(project.networks, used), (network, key) => {
    const { name, external, ipam, driver, ...rest } = network as Data;
    if (external === true) return { external: true, ...(name !== key && { name }) };
    return {
      ...(name !== `${project.name}_${key}` && { name }),
      ...(driver !== undefined && driver !== 'bridge' && { driver }),
      ...rest,
      ...(isData(ipam) && toIpam(ipam, key, findings)),
    };
  });
}

function toIpam(ipam: Data, key: string, findings: Findings): Data {
  const { driver, config, options } = ipam;
  const pools = listOf(config);
  const [first] = pools;
  const isSimple = pools.length === 1 && Object.keys(first!).every((each) => each === 'subnet');
  const isDefault = (driver === undefined || driver === 'default') && options === undefined;
  if (isDefault && pools.length === 0) return {};
  if (isDefault && isSimple && !String(first!.subnet).includes(':')) return { cidr: first!.subnet };
  for (const [index, pool] of pools.entries())
    if (pool.subnet === undefined)
      findings.refuse(['networks', key, 'ipam', 'config', index], 'has no subnet; add one');
  return { ipam: { ...(!isDefault && { driver, options }), config: pools } };
}

/**
 * The volumes that services mount. In production they have the names that Compose gave them, so that its data is found;
 * other environments have volumes of their own.
 */
export function toVolumes(
  project: ComposeProject,
  { mounts }: Relations,
  environment: string | undefined,
  findings: Findings,
): Data {
  const used = new Set(Object.values(mounts).flatMap((of) => volumesIn(of)));
  const isShared = (key: string) => {
    const writers = Object.keys(mounts).filter((name) => volumesIn(mounts[name]!, true).includes(key));
    const isAlone = (name: string) =>
      instancesOf(project.services[name]!) <= 1 || mounts[name]!.some((own) => own.source === key && own.perReplica);
    return writers.length > 1 || !writers.every(isAlone);
  };
  const anonymous = [...used]
    .filter((key) => !Object.hasOwn(project.volumes, key))
    .map((key) => [key, isShared(key) ? { shared: true } : {}] as const);
  const declared = mapValues(only(project.volumes, used), (volume, key) => {
    const { name, external, driver, ...rest } = volume as Data;
    if (external === true) return { external: true, ...(name !== key && { name }) };
    const isImplied = name === `${project.name}_${key}`;
    if (!isImplied && environment !== undefined && environment !== 'production')
      findings.ignore(['volumes', key, 'name'], `is the name in every environment; ${environment} would share it`);
    return {
      ...((!isImplied || (environment ?? 'production') === 'production') && { name }),
      ...(driver !== undefined && driver !== 'local' && { driver }),
      ...rest,
      ...(isShared(key) && { shared: true }),
    };
  });
  return { ...Object.fromEntries(anonymous), ...declared };
}

function volumesIn(mounts: Data[], isWriting = false): string[] {
  return mounts
    .filter(({ type, read_only: readOnly }) => type === 'volume' && !(isWriting && readOnly === true))
    .map(({ source }) => String(source));
}

/** Configs that services use, with their content or their file. */
export function toConfigs(project: ComposeProject, findings: Findings): Data {
  const used = usedBy(project, ({ configs }) => listOf(configs).map(({ source }) => String(source)));
  return mapValues(only(project.configs, used), (config, key) => {
    const { file, content, environment, external } = config as Data;
    swarmOptions(['configs', key], config as Data, findings);
    if (external === true) {
      findings.refuse(['configs', key, 'external'], 'is a config of a Swarm; write its file or content here');
      return { content: '' };
    }
    if (content !== undefined) return { content };
    if (file !== undefined) return { file };
    if (environment !== undefined)
      findings.refuse(['configs', key, 'environment'], `the variable ${String(environment)} is not set; set it`);
    return { content: '' };
  });
}

/**
 * Secrets that services use. Compose takes their variables from the shell of the caller; an external one is stored for
 * the environment.
 */
export function toSecrets(project: ComposeProject, findings: Findings): Data {
  return mapValues(usedSecrets(project), (secret, key) => {
    const { file, environment, external, name } = secret as Data;
    swarmOptions(['secrets', key], secret as Data, findings);
    if (external === true) return { stored: name === key ? true : name };
    if (file !== undefined) return { file };
    return { environment: environment ?? 'UNSET', read_by: 'client' };
  });
}

/** Options that only a Swarm has: Compose refuses drivers too, and does nothing with labels. */
function swarmOptions(path: string[], resource: Data, findings: Findings): void {
  for (const key of ['driver', 'driver_opts', 'template_driver'])
    if (resource[key] !== undefined) findings.refuse([...path, key], 'is for a Swarm; remove it');
  if (resource.labels !== undefined)
    findings.ignore([...path, 'labels'], 'has no effect: it is no object of Docker, which could have labels');
}

/** Those of services and their builds, and those that our own part names: for certificates and subscribers. */
function usedSecrets(project: ComposeProject): Data {
  const used = usedBy(project, ({ secrets, build, [extensionKey]: own }) => [
    ...[...listOf(secrets), ...listOf((build as Data | undefined)?.secrets)].map(({ source }) => String(source)),
    ...textsIn(own),
  ]);
  return only(project.secrets, new Set([...used, ...textsIn(project.extension)]));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function usedBy(project: ComposeProject, names: (service: Data) => string[]): ReadonlySet<string> {
  return new Set(Object.values(project.services).flatMap(names));
}

function only(resources: Record<string, Data>, used: ReadonlySet<string>): Data {
  return Object.fromEntries(Object.entries(resources).filter(([key]) => used.has(key)));
}
