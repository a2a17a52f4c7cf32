import { basename } from 'node:path';
import { EnvFileError, parseEnvFile } from '../../model/text/env-file';
import { StackFileError, type Finding } from '../problems';
import type { SourceDocument } from '../read/document';
import { isData } from '../read/overlay';
import { readText } from '../read/source';
import { conceal, hasMark } from '../../model/text/marks';
import { interpolate } from '../read/variables';
import { mapValues, type Data } from './canonical/values';
import { inconsistencies } from './consistency';
import type { ComposeProject } from './project';
import { withImplied } from './implied';
import type { Environment } from './environment';
import { extensionKey, Loading, type LoadingOptions } from './loading';
import { loadModel } from './model';

export interface ComposeOptions extends LoadingOptions {
  /** Later files override earlier ones. */
  files: readonly string[];
  /** Folder of relative paths, `.env` and the project's name. */
  folder: string;
  /** The shell, over it `--set`, and over all `--secret`. */
  variables: Record<string, string | undefined>;
  /** References to stored secrets, which all other values win over. */
  stored?: Environment;
  /** `--env-file`, instead of `.env`. */
  envFiles?: readonly string[];
  /** Active profiles; default `COMPOSE_PROFILES`. */
  profiles?: readonly string[];
}

export interface LoadedProject {
  project: ComposeProject;
  loading: Loading;
  /** Problems of the project as a whole. */
  findings: Finding[];
}

/**
 * Reads Compose files as Compose does.
 * @throws StackFileError if a file cannot be read, or is not YAML
 */
export function loadProject(options: ComposeOptions): LoadedProject {
  const { files, folder, variables } = options;
  const loading = new Loading(options);
  const environment = loading.environmentOf(variables, folder, { files: options.envFiles, below: options.stored });
  const name = projectName(files, folder, environment, loading);
  const scope = { environment: { ...environment, COMPOSE_PROJECT_NAME: name }, folder };
  const model = withImplied(loadModel(files, scope, loading), name, scope.environment, loading);
  const all = recordsOf(model.services);
  const active = new Set(options.profiles ?? profilesOf(environment));
  const services = Object.fromEntries(Object.entries(all).filter(([, service]) => isActive(service, active)));
  const findings: Finding[] = [];
  const project: ComposeProject = {
    name,
    folder,
    environment: scope.environment,
    services: mapValues(services, (service, key) => withLabelFiles(service as Data, key, findings)),
    networks: recordsOf(model.networks),
    volumes: recordsOf(model.volumes),
    secrets: recordsOf(model.secrets),
    configs: recordsOf(model.configs),
    models: recordsOf(model.models),
    disabled: Object.keys(all).filter((key) => !Object.hasOwn(services, key)),
    ...(model[extensionKey] !== undefined && { extension: model[extensionKey] }),
  };
  if (Object.keys(services).length === 0 && loading.problems.length === 0)
    findings.push({
      path: ['services'],
      message:
        Object.keys(all).length === 0 ? 'has no services' : 'has no service without a profile; name one with --profile',
    });
  return { project, loading, findings: [...findings, ...inconsistencies(project)] };
}

/** `COMPOSE_PROJECT_NAME`, else `name` of the last file that has one, else the name of the folder. */
function projectName(files: readonly string[], folder: string, environment: Environment, loading: Loading): string {
  const given = environment.COMPOSE_PROJECT_NAME;
  if (given !== undefined && given !== '') {
    if (given === toProjectName(given)) return given;
    throw new StackFileError([
      {
        path: '',
        message:
          `COMPOSE_PROJECT_NAME is ${conceal(JSON.stringify(given))}; ` +
          'use lower-case letters, digits, - and _, starting with a letter or digit',
      },
    ]);
  }
  const named = files.flatMap((file) => loading.parsed(file).map(nameOf)).filter(Boolean);
  const { data } = interpolate({ name: named.at(-1) ?? '' }, environment, {
    dialect: 'compose',
    secret: loading.secret,
  });
  const name = String((data as Data).name);
  if (hasMark(name)) throw new StackFileError([{ file: files.at(-1), path: 'name', message: secretName }]);
  return toProjectName(name) || toProjectName(basename(folder)) || 'stack';
}

const secretName = 'contains a credential, and the name of a project is shown everywhere; write another name';

function nameOf({ data }: SourceDocument): string {
  return isData(data) && typeof data.name === 'string' ? data.name : '';
}

/** As Compose makes a project's name of any text. */
export function toProjectName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

function profilesOf(environment: Environment): string[] {
  return (environment.COMPOSE_PROFILES ?? '')
    .split(',')
    .map((profile) => profile.trim())
    .filter(Boolean);
}

function isActive(service: Data, active: ReadonlySet<string>): boolean {
  const { profiles } = service;
  if (!Array.isArray(profiles) || profiles.length === 0 || active.has('*')) return true;
  return profiles.some((profile) => active.has(String(profile)));
}

/** Labels of files below those of the service. */
function withLabelFiles(service: Data, name: string, findings: Finding[]): Data {
  if (!Array.isArray(service.label_file)) return service;
  const { label_file: files, ...rest } = service;
  let labels: Record<string, string> = {};
  for (const [index, file] of (files as string[]).entries()) {
    try {
      labels = { ...labels, ...parseEnvFile(readText(file, 'check the path'), { unset: 'empty' }) };
    } catch (error) {
      if (!(error instanceof EnvFileError || error instanceof StackFileError)) throw error;
      findings.push({ path: ['services', name, 'label_file', index], message: error.message });
    }
  }
  return { ...rest, labels: { ...labels, ...(rest.labels as Data | undefined) } };
}

function recordsOf(value: unknown): Record<string, Data> {
  return mapValues(value, (item) => (isData(item) ? item : {}));
}
