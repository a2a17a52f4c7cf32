import { joinedContainers, joinsIn, type Namespace } from '../../model/instance';
import type { Observation, OutsideContainer } from '../../model/observation';
import type { Stack } from '../../model/stack';
import { acts, servicesOf, type PlannedPhase, type Refusal } from '../plan';

/**
 * Refuses services that would join the namespaces of a container outside the stack in vain: before anything stops.
 * Containers of other environments are theirs alone.
 */
export function refuseOutside(
  planned: PlannedPhase[],
  { name: stack, environment, services }: Stack,
  { outside, capacity: { host } }: Observation,
): Refusal[] {
  if (!outside) return [];
  return servicesOf(planned)
    .filter(acts)
    .flatMap(({ name }) =>
      joinsIn(services[name] ? joinedContainers(services[name]) : {}).flatMap(({ namespace, key, name: container }) => {
        const found = outside.find((each) => each.name === container);
        const message = problemOf(container, namespace, found, { host, own: `${stack}/${environment}` });
        return message === undefined ? [] : [{ path: `services.${name}.${key}`, message }];
      }),
    );
}

function problemOf(
  name: string,
  namespace: Namespace,
  found: OutsideContainer | undefined,
  { host, own }: { host: string; own: string },
): string | undefined {
  if (!found) return `there is no container "${name}" on ${host}; start it first, and name it by its name, not its id`;
  if (found.owner === own) return `the container ${name} is an instance of this stack; write service:NAME`;
  if (found.owner !== undefined)
    return (
      `the container ${name} belongs to ${found.owner}: an environment cannot join the namespaces of another one; ` +
      'let both join an external network'
    );
  if (!found.isRunning) return `the container ${name} does not run; start it first`;
  return namespace === 'ipc' && !found.sharesMemory
    ? `the container ${name} keeps its shared memory to itself; create it with --ipc shareable`
    : undefined;
}
