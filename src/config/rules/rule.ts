import type { Finding } from '../problems';
import type { StackFile } from '../schema/stack-file';
import type { Service, Stack } from '../../model/stack';

export interface RuleInput {
  /** As written, to know what the file names. */
  file: StackFile;
  /** As understood. */
  stack: Stack;
  acceptUnenforced: boolean;
}

/** One sentence of the file's rules. */
export type Rule = (input: RuleInput) => Finding[];

/** A rule that looks at one service of the file at a time. */
export function eachService(check: (service: Service, input: RuleInput) => Finding[]): Rule {
  return (input) =>
    Object.values(input.stack.services)
      .filter(({ name }) => input.file.services[name])
      .flatMap((service) => check(service, input));
}

/** A finding below a service. */
export function at(service: Service, path: (string | number)[], message: string): Finding {
  return { path: ['services', service.name, ...path], message };
}
