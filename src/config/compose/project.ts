import type { Data } from './canonical/values';
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
