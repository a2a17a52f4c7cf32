import type { RuntimeName } from '../../../model/runtimes';
import type { SecretSource } from '../../../model/instance';
import type { ServiceInput } from '../../schema/service';
import type { Attempt } from '../words';

/** Parts of the file that the normalisation of a service needs. */
export interface ServiceContext {
  /** Name of the stack. */
  stack: string;
  baseDir: string;
  healthCheckIntervalMs: number;
  /** Runtime of the service. Processes need a working folder; default that of the stack file. */
  runtime: RuntimeName;
  secrets: Record<string, SecretSource>;
  /** Whether several instances may write to a volume at once. */
  shared: (volume: string) => boolean;
  /** Whether it joins a namespace of another service, or that joins one of its own. */
  sharesNamespace: boolean;
  /** Finds a dependency, to choose its condition if `depends_on` is a list. */
  input: (name: string) => ServiceInput | undefined;
  /** Reads a file of this machine. @throws Malformed if it cannot be read */
  readFile: (path: string) => string;
  /** Runs a parser, and turns {@link Malformed} into a finding at the key. */
  attempt: Attempt;
}
