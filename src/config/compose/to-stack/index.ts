import type { GivenSecrets } from '../../../model/instance';
import { overlay } from '../../read/overlay';
import type { Finding } from '../../problems';
import type { Data } from '../canonical/values';
import { extensionKey } from '../loading';
import type { ComposeProject } from '../project';
import { Findings } from './notes';
import { toConfigs, toNetworks, toSecrets, toVolumes, valuesOfSecrets } from './resources';
import { ofProject } from './relations';
import { toService } from './service';

export interface Converted {
  /** A stack file as data. */
  data: Data;
  /** Parts that the engine cannot honour. */
  refused: Finding[];
  /** Parts that make no difference. */
  ignored: Finding[];
  /** Values of secrets that are variables of the caller. */
  sealing: GivenSecrets;
}

export interface ConversionOptions {
  /** Environment of the stack; default `production`. */
  environment?: string;
  /** Values that the caller has for secrets of variables. */
  secrets?: GivenSecrets;
  /** Names of stored secrets. */
  stored?: readonly string[];
}

/**
 * Turns a Compose project into a stack file that does what Compose does: its defaults are written out where ours
 * differ.
 */
export function toStackFile(project: ComposeProject, options: ConversionOptions): Converted {
  const { environment } = options;
  const findings = new Findings();
  const relations = ofProject(project);
  const services = Object.fromEntries(
    Object.entries(project.services).map(([name, service]) => {
      const converted = toService(name, service, relations, findings.below('services', name));
      return [name, overlay(converted, service[extensionKey] ?? {}) as Data];
    }),
  );
  const data = withoutEmpty({
    name: project.name,
    networks: toNetworks(project, findings),
    volumes: toVolumes(project, relations, environment, findings),
    configs: toConfigs(project, findings),
    secrets: toSecrets(project, options, findings),
    services,
  });
  const { refused, ignored } = findings;
  return {
    data: overlay(data, project.extension ?? {}) as Data,
    refused,
    ignored,
    sealing: valuesOfSecrets(project, options),
  };
}

function withoutEmpty(data: Data): Data {
  return Object.fromEntries(
    Object.entries(data).filter(([, value]) => typeof value !== 'object' || Object.keys(value as Data).length > 0),
  );
}
