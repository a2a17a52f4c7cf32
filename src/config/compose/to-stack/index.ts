import { overlay } from '../../read/overlay';
import type { Finding } from '../../problems';
import type { Data } from '../canonical/values';
import { extensionKey } from '../loading';
import type { ComposeProject } from '../project';
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
      return [name, withImageVolumes(overlay(converted, service[extensionKey] ?? {}) as Data, project)];
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
function withImageVolumes(service: Data, { extension }: ComposeProject): Data {
  const { orchestrator, container_runtime: runtime, hosts } = dataOf(dataOf(extension).infrastructure);
  const isElsewhere = orchestrator === 'Kubernetes' || orchestrator === 'Process' || runtime === 'Process' || hosts;
  const mayRunTwice = service.expose !== undefined || (service.strategy ?? 'recreate') !== 'recreate';
  if (isElsewhere || !mayRunTwice || service.image_volumes !== undefined) return service;
  return { ...service, image_volumes: 'keep' };
}

function withoutEmpty(data: Data): Data {
  return Object.fromEntries(
    Object.entries(data).filter(([, value]) => typeof value !== 'object' || Object.keys(value as Data).length > 0),
  );
}
