import type { ContainerInfo } from 'dockerode';
import type { ObservedNetwork } from '../../../model/observation';
import { namesOf } from '../labels';
import { bareName, ownerOfContainer } from '../labels/ownership';

const composeService = 'com.docker.compose.service';
const composeProject = 'com.docker.compose.project';

/** Names of other owners' containers on a network, and their owners. */
export function aliasesOn(network: string, others: readonly ContainerInfo[]): Pick<ObservedNetwork, 'namesOfOthers'> {
  const here = others
    .filter(({ State, NetworkSettings }) => State === 'running' && NetworkSettings?.Networks?.[network])
    .map((container) => ({ by: callerOf(container), names: aliasesOf(container, network) }));
  const services = new Map<string, Set<string | undefined>>();
  for (const { by, names } of here) services.set(by, (services.get(by) ?? new Set()).add(names[0]));
  const taken = here.flatMap(({ by, names }) =>
    names.map((name) => ({ name, by, ...(services.get(by)!.size > 1 && { isAsked: true }) })),
  );
  return taken.length > 0 ? { namesOfOthers: taken } : {};
}

/** Aliases by label, as listings do not contain them. */
function aliasesOf({ Labels, Names }: ContainerInfo, network: string): string[] {
  const labelled = namesOf(Labels)?.find(({ name }) => name === network)?.aliases;
  const service = Labels[composeService];
  return [...new Set([...(labelled ?? (service ? [service] : [])), ...Names.map(bareName)])];
}

function callerOf({ Labels, Names }: ContainerInfo): string {
  const owner = ownerOfContainer(Labels, Names[0] ?? '');
  if (owner) return `${owner.stack}/${owner.environment}`;
  return Labels[composeProject]
    ? `the compose project ${Labels[composeProject]}`
    : `the container ${bareName(Names[0] ?? '')}`;
}
