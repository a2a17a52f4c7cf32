import { isName } from '../../../model/names';
import { isData } from '../../read/overlay';
import { list, mapValues, type Data } from '../canonical/values';
import { toLink, type Link } from '../implied';
import type { ComposeProject } from '../project';
import { effectiveMounts } from './effective-mounts';

/** What services mean to each other. */
export interface Relations {
  project: ComposeProject;
  /** Services that others wait for until they have completed. */
  jobs: ReadonlySet<string>;
  /** Services that others wait for until they are healthy. */
  awaitedHealthy: ReadonlySet<string>;
  /** More names of each service, by network: the alias of a link means its target. */
  aliases: Record<string, string[]>;
  /** Mounts of each service, and of those whose volumes it takes. */
  mounts: Record<string, Data[]>;
  /** Of each service: the aliases of links that mean another service elsewhere, and what they mean to it. */
  links: Record<string, Link[]>;
}

export function ofProject(project: ComposeProject): Relations {
  const dependencies = Object.values(project.services).flatMap(({ depends_on: on }) =>
    Object.entries(isData(on) ? on : {}).map(([name, entry]) => ({ name, condition: (entry as Data).condition })),
  );
  const awaited = (condition: string) =>
    new Set(dependencies.filter((each) => each.condition === condition).map(({ name }) => name));
  const links = Object.values(project.services).flatMap(({ links: own }) => list(own ?? []).map(toLink));
  const targets = new Map<string, Set<string>>();
  for (const { service, alias } of links) targets.set(alias, (targets.get(alias) ?? new Set()).add(service));
  const ambiguous = new Set(
    [...targets]
      .filter(([alias, services]) => services.size > 1 || isOther(alias, services, project))
      .map(([alias]) => alias),
  );
  return {
    project,
    jobs: awaited('service_completed_successfully'),
    awaitedHealthy: awaited('service_healthy'),
    aliases: mapValues(project.services, (service, name) => namesOf(name, service as Data, links, ambiguous)),
    mounts: effectiveMounts(project),
    links: mapValues(project.services, (service) =>
      list((service as Data).links ?? [])
        .map(toLink)
        .filter(({ alias }) => ambiguous.has(alias)),
    ),
  };
}

/** Whether the alias of a link is the name of another service. */
function isOther(alias: string, services: ReadonlySet<string>, project: ComposeProject): boolean {
  return Object.hasOwn(project.services, alias) && !services.has(alias);
}

/** Names of a service besides its own: of its container, of its host, and in links. */
function namesOf(name: string, service: Data, links: readonly Link[], ambiguous: ReadonlySet<string>): string[] {
  const { container_name: container, hostname } = service;
  const linked = links.filter((link) => link.service === name && !ambiguous.has(link.alias)).map(({ alias }) => alias);
  const host = isName('alias', hostname) ? hostname : undefined;
  const names = [container, host, ...linked].filter((each): each is string => typeof each === 'string');
  return [...new Set(names)].filter((each) => each !== name);
}
