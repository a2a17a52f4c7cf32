import type { Finding } from '../problems';
import { joinedServices, namespaceKeys, namespaces } from '../../model/instance';
import type { Service } from '../../model/stack';
import type { StackFile } from '../schema/stack-file';
import { didYouMean } from '../schema/suggest';
import { at, eachService, type Rule } from './rule';

/** Dependencies must be services of the stack, with a condition that they can meet. */
export const dependenciesExist: Rule = eachService((service, { stack }) =>
  Object.entries(service.dependsOn).flatMap(([name, condition]) => {
    const dependency = stack.services[name];
    const path = ['depends_on', name];
    if (!dependency) {
      const others = Object.keys(stack.services).filter((other) => other !== service.name);
      return [at(service, path, `there is no service "${name}"${didYouMean(name, others)}`)];
    }
    if (condition === 'healthy' && !dependency.healthCheck)
      return [
        at(
          service,
          path,
          `${name} has no health_check; give it one (\`{runtime: true}\` for ` +
            'the HEALTHCHECK of its image), or depend on started',
        ),
      ];
    if (condition === 'completed' && dependency.kind !== 'job')
      return [
        at(
          service,
          path,
          `${name} is a service and never completes; make it kind: job, or depend on healthy or started`,
        ),
      ];
    return service.restartsWith?.includes(name) && dependency.kind === 'job'
      ? [at(service, [...path, 'restart'], `${name} is a job: each deployment may run it; remove restart`)]
      : [];
  }),
);

/** Rejects cycles; the message lists the services of a cycle in order. */
export const noCycles: Rule = ({ file, stack }) => {
  const findings: Finding[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const start of Object.keys(stack.services)) visit(start, []);
  return findings;

  function visit(name: string, trail: string[]): void {
    if (state.get(name) === 'open') {
      const cycle = [...trail.slice(trail.indexOf(name)), name];
      findings.push(
        at(
          stack.services[cycle[0]!]!,
          keyOf(stack.services[cycle[0]!]!, cycle[1]!, file),
          `is part of a cycle: ${cycle.join(' -> ')}; remove one of these dependencies`,
        ),
      );
      return;
    }
    const service: Service | undefined = stack.services[name];
    if (!service || state.has(name)) return;
    state.set(name, 'open');
    for (const next of Object.keys(service.dependsOn)) visit(next, [...trail, name]);
    state.set(name, 'done');
  }
};

/** The key by which a service depends on another one: `depends_on`, or that of a namespace that it joins. */
function keyOf(service: Service, dependency: string, file: StackFile): string[] {
  const given = file.services[service.name]?.depends_on ?? [];
  const joined = joinedServices(service);
  const namespace = namespaces.find((each) => joined[each] === dependency);
  const isWritten = Array.isArray(given) ? given.includes(dependency) : Object.hasOwn(given, dependency);
  return isWritten || namespace === undefined ? ['depends_on', dependency] : [namespaceKeys[namespace]];
}
