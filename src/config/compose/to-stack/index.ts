import { overlay } from '../../read/overlay';
import type { Finding } from '../../problems';
import type { Data } from '../canonical/values';
import { extensionKey } from '../loading';
import type { ComposeProject } from '../project';
import { isJoined } from '../implied';
import { isDisabled } from './health-check';
import { Findings } from './notes';
import { toConfigs, toNetworks, toSecrets, toVolumes } from './resources';
import { ofProject } from './relations';
import { toService } from './service';
import { dataOf } from './values';

export interface Converted {
  /** A stack file as data. */
  data: Data;
  /** Parts that the engine cannot honour. */
  refused: Finding[];
  /** Parts that make no difference. */
  ignored: Finding[];
}

/**
 * Turns a Compose project into a stack file that does what Compose does: its defaults are written out where ours
 * differ.
 */
export function toStackFile(project: ComposeProject, environment: string | undefined): Converted {
  const findings = new Findings();
  const relations = ofProject(project);
  refuseSharedNames(project, findings);
  const services = Object.fromEntries(
    Object.entries(project.services).map(([name, service]) => {
      const converted = toService(name, service, relations, findings.below('services', name));
      const whole = overlay(converted, service[extensionKey] ?? {}) as Data;
      return [name, withCompletion(name, withImageVolumes(whole, project), project)];
    }),
  );
  const data = withoutEmpty({
    name: project.name,
    networks: toNetworks(project, findings),
    volumes: toVolumes(project, relations, environment, findings),
    configs: toConfigs(project, findings),
    secrets: toSecrets(project, findings),
    services,
  });
  const { refused, ignored } = findings;
  return { data: overlay(data, project.extension ?? {}) as Data, refused, ignored };
}

/** Compose finds out when the second container starts. */
function refuseSharedNames({ services }: ComposeProject, findings: Findings): void {
  const owners = new Map<unknown, string>();
  for (const [name, { container_name: own }] of Object.entries(services)) {
    const other = own === undefined ? undefined : owners.get(own);
    if (other === undefined) owners.set(own, name);
    else findings.refuse(['services', name, 'container_name'], `is the name of ${other} too; choose another one`);
  }
}

/** Compose keeps what only images declare, however it replaces; a stack file only with `recreate`. */
function withImageVolumes(service: Data, project: ComposeProject): Data {
  const { hosts } = dataOf(dataOf(project.extension).infrastructure);
  const mayRunTwice = service.expose !== undefined || (service.strategy ?? 'recreate') !== 'recreate';
  if (isElsewhere(project) || hosts || !mayRunTwice || service.image_volumes !== undefined) return service;
  return { ...service, image_volumes: 'keep' };
}

/** Compose leaves a service alone that ends; one that nothing has to reach has completed then, if all went well. */
function withCompletion(name: string, service: Data, project: ComposeProject): Data {
  const { restart, kind, health_check: check, ports, expose, may_complete: given } = service;
  const isWaitedFor = check !== undefined && !isDisabled(dataOf(check));
  const isReached = ports !== undefined || expose !== undefined || isExposed(name, project);
  const mayEnd = kind !== 'job' && (restart === 'no' || String(restart).startsWith('on-failure'));
  if (given !== undefined || !mayEnd || isWaitedFor || isReached || isElsewhere(project)) return service;
  return { ...service, may_complete: true };
}

/** Whether other services of the project say that they reach it: at a port, or in its namespaces. */
function isExposed(name: string, { services }: ComposeProject): boolean {
  const { expose } = services[name]!;
  return (Array.isArray(expose) && expose.length > 0) || isJoined(name, services);
}

function isElsewhere({ extension }: ComposeProject): boolean {
  const { orchestrator, container_runtime: runtime } = dataOf(dataOf(extension).infrastructure);
  return orchestrator === 'Kubernetes' || orchestrator === 'Process' || runtime === 'Process';
}

function withoutEmpty(data: Data): Data {
  return Object.fromEntries(
    Object.entries(data).filter(([, value]) => typeof value !== 'object' || Object.keys(value as Data).length > 0),
  );
}
