import { runtimeTraits } from '../../model/runtimes';
import type { ServiceInput } from '../schema/service';
import { at, eachService, type Rule } from './rule';

const jobKeys = ['run', 'schedule', 'timeout', 'on_rollback'] as const;
const serviceKeys = [
  'replicas',
  'hooks',
  'health_check',
  'expose',
  'strategy',
  'drain_timeout',
  'may_complete',
] as const;

/** Services on Docker need an image, processes need a command. */
export const startable: Rule = eachService((service, { stack }) => {
  if (stack.runtime === 'process')
    return service.command ? [] : [at(service, [], 'has no command; set command to the program to run')];
  if (service.image) return [];
  const message = service.command
    ? 'has a command but no image; on Docker it needs one (for a process set infrastructure.container_runtime: Process)'
    : 'has no image; set image';
  return [at(service, [], message)];
});

/** Rejects keys of jobs on services, and keys of services on jobs. */
export const keysFitKind: Rule = eachService((service, { file }) => {
  const input: ServiceInput = file.services[service.name]!;
  const wrong = service.kind === 'job' ? serviceKeys : jobKeys;
  const remedy =
    service.kind === 'job' ? 'does not apply to jobs; remove it' : 'is a key of jobs; set kind: job, or remove it';
  return wrong
    .filter((key) => input[key] !== undefined && !(key === 'replicas' && service.replicas === 1))
    .map((key) => at(service, [key], remedy));
});

/** Rejects restart policies under which a job never finishes. */
export const jobsFinish: Rule = eachService((service) =>
  service.kind === 'job' && service.restart !== 'no' && !service.restart.startsWith('on-failure:')
    ? [at(service, ['restart'], `${service.restart} would restart a job forever; use no or on-failure:N`)]
    : [],
);

/** Rejects services that may end, where they would be started again. */
export const completionPossible: Rule = eachService((service, { file, stack }) => {
  if (!file.services[service.name]!.may_complete || service.kind === 'job') return [];
  if (!runtimeTraits[stack.runtime].endings)
    return [at(service, ['may_complete'], 'is possible on Docker only; set kind: job, or remove it')];
  return service.restart === 'no' || service.restart.startsWith('on-failure')
    ? []
    : [
        at(
          service,
          ['may_complete'],
          `contradicts the restart policy ${service.restart}, which starts it again; set restart: no or on-failure`,
        ),
      ];
});
