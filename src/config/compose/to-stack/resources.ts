import { isData } from '../../read/overlay';
import { list, mapValues, type Data } from '../canonical/values';
import type { ComposeProject } from '../project';
import type { Findings } from './notes';
import type { Relations } from './relations';

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
  const pools = list(config ?? []) as Data[];
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
  { project: { services } }: Relations,
  environment: string | undefined,
  findings: Findings,
): Data {
  const used = usedBy(project, (service) => sourcesOf(service));
  const anonymous = Object.entries(services).flatMap(([name, service]) =>
    (list(service.volumes ?? []) as Data[])
      .filter(({ type, source }) => type === 'volume' && source === undefined)
      .map(({ target }) => [anonymousVolume(name, target), {}] as const),
  );
  const declared = mapValues(only(project.volumes, used), (volume, key) => {
    const { name, external, driver, ...rest } = volume as Data;
    if (external === true) return { external: true, ...(name !== key && { name }) };
    const isImplied = name === `${project.name}_${key}`;
    if (!isImplied && environment !== undefined && environment !== 'production')
      findings.ignore(['volumes', key, 'name'], `is the name in every environment; ${environment} would share it`);
    const writers = Object.values(services).filter((service) => sourcesOf(service, true).includes(key));
    const isShared = writers.length > 1 || writers.some((service) => instancesOf(service) > 1);
    return {
      ...((!isImplied || (environment ?? 'production') === 'production') && { name }),
      ...(driver !== undefined && driver !== 'local' && { driver }),
      ...rest,
      ...(isShared && { shared: true }),
    };
  });
  return { ...Object.fromEntries(anonymous), ...declared };
}

function sourcesOf({ volumes }: Data, isWriting = false): string[] {
  return (list(volumes ?? []) as Data[])
    .filter(({ type, read_only: readOnly }) => type === 'volume' && !(isWriting && readOnly === true))
    .flatMap(({ source }) => (source === undefined ? [] : [String(source)]));
}

/** The volume that stands for one without a name, so that its data outlives the container. */
export function anonymousVolume(service: string, target: unknown): string {
  return `${service}-${String(target)
    .replace(/[^A-Za-z0-9_.]+/g, '-')
    .replace(/^-|-$/g, '')}`.slice(0, 60);
}

/** Replicas of a service; default 1. */
export function instancesOf({ scale, deploy }: Data): number {
  return Number(scale ?? (isData(deploy) ? deploy.replicas : undefined) ?? 1);
}

/** Configs that services use, with their content or their file. */
export function toConfigs(project: ComposeProject, findings: Findings): Data {
  const used = usedBy(project, ({ configs }) => (list(configs ?? []) as Data[]).map(({ source }) => String(source)));
  return mapValues(only(project.configs, used), (config, key) => {
    const { file, content, environment, external } = config as Data;
    if (external === true) {
      findings.refuse(['configs', key, 'external'], 'is a config of a Swarm; write its file or content here');
      return { content: '' };
    }
    if (content !== undefined) return { content };
    if (file !== undefined) return { file };
    findings.refuse(['configs', key, 'environment'], `the variable ${String(environment)} is not set; set it`);
    return { content: '' };
  });
}

/** Secrets that services use. */
export function toSecrets(project: ComposeProject, findings: Findings): Data {
  const used = usedBy(project, ({ secrets }) => (list(secrets ?? []) as Data[]).map(({ source }) => String(source)));
  return mapValues(only(project.secrets, used), (secret, key) => {
    const { file, environment, external } = secret as Data;
    if (external === true)
      findings.refuse(['secrets', key, 'external'], 'is a secret of a Swarm; write its file or environment here');
    if (file !== undefined) return { file };
    if (external !== true && !Object.hasOwn(project.environment, String(environment)))
      findings.refuse(['secrets', key, 'environment'], `the variable ${String(environment)} is not set; set it`);
    return { environment: environment ?? 'UNSET' };
  });
}

function usedBy(project: ComposeProject, names: (service: Data) => string[]): ReadonlySet<string> {
  return new Set(Object.values(project.services).flatMap(names));
}

function only(resources: Record<string, Data>, used: ReadonlySet<string>): Data {
  return Object.fromEntries(Object.entries(resources).filter(([key]) => used.has(key)));
}
