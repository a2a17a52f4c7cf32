import { mapping, mapValues, type Data } from './canonical/values';
import type { Environment } from './environment';

/** What Compose reads out of Compose files: every key in its long form, with absolute paths. */
export interface ComposeProject {
  name: string;
  folder: string;
  environment: Environment;
  services: Record<string, Data>;
  networks: Record<string, Data>;
  volumes: Record<string, Data>;
  secrets: Record<string, Data>;
  configs: Record<string, Data>;
  models: Record<string, Data>;
  /** Services of profiles that are not active. */
  disabled: string[];
  /** The top-level `x-deploy-code`. */
  extension?: unknown;
}

/** Variables of each service whose name stands under `environment` without a value: no env file sets them. */
export function removedVariables({ services }: Pick<ComposeProject, 'services'>): Record<string, string[]> {
  return mapValues(services, (service) =>
    Object.entries(mapping((service as Data).environment, null)).flatMap(([name, value]) =>
      value === null ? [name] : [],
    ),
  );
}
