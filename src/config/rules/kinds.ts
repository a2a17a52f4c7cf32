import type { ServiceInput } from '../schema/service';
import { at, eachService, type Rule } from './rule';

const jobKeys = ['run', 'schedule', 'timeout', 'on_rollback'] as const;
const serviceKeys = ['replicas', 'hooks', 'health_check', 'expose', 'strategy', 'drain_timeout'] as const;

/** A service of Docker has an image, a process has a command. */
export const startable: Rule = eachService((service, { stack }) => {
  if (stack.runtime === 'process')
    return service.command ? [] : [at(service, [], 'has no command; a process service names the program to run')];
  if (service.image) return [];
  const what = service.command
    ? 'has a command but no image; on Docker it needs one (for a process set infrastructure.container_runtime: Process)'
    : 'has no image';
  return [at(service, [], what)];
});

/** Keys of jobs stand on jobs, keys of services on services. */
export const keysFitKind: Rule = eachService((service, { file }) => {
  const input: ServiceInput = file.services[service.name]!;
  const wrong = service.kind === 'job' ? serviceKeys : jobKeys;
  const remedy = service.kind === 'job' ? 'has no meaning for a job' : 'is a key of jobs; set kind: job, or remove it';
  return wrong
    .filter((key) => input[key] !== undefined && !(key === 'replicas' && service.replicas === 1))
    .map((key) => at(service, [key], remedy));
});

/** A job finishes: nothing restarts it for ever. */
export const jobsFinish: Rule = eachService((service) =>
  service.kind === 'job' && service.restart !== 'no' && !service.restart.startsWith('on-failure:')
    ? [at(service, ['restart'], `${service.restart} would run a job for ever; use no or on-failure:N`)]
    : [],
);
