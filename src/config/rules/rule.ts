import type { Finding } from '../problems';
import type { StackFile } from '../schema/stack-file';
import type { Service, Stack } from '../../model/stack';

export interface RuleInput {
  /** The file as written, to tell which keys it sets. */
  file: StackFile;
  /** The normalised file, with defaults. */
  stack: Stack;
}

/** A check of a stack file; returns the problems that it finds. */
export type Rule = (input: RuleInput) => Finding[];

/** Makes a rule that checks each service of the file, but none that the engine adds. */
export function eachService(check: (service: Service, input: RuleInput) => Finding[]): Rule {
  return (input) =>
    Object.values(input.stack.services)
      .filter(({ name }) => input.file.services[name])
      .flatMap((service) => check(service, input));
}

/** Makes a finding at a path below a service. */
export function at(service: Service, path: (string | number)[], message: string): Finding {
  return { path: ['services', service.name, ...path], message };
}
