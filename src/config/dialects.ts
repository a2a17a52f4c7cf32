import type { FileChoice } from './files';
import { givenVariables } from './given-variables';
import type { LoadedStack, LoadOptions } from './load-options';
import type { GivenSecrets, VariableValues } from '../model/instance';
import { withoutConsequences } from './consequences';
import { readClientSecrets } from './client-secrets';
import { toEnvironment } from './compose/environment';
import { readEnvFiles, type EnvFileReading } from './env-files';
import { locator } from './locator';
import type { Finding, Problem } from './problems';
import { fromComposeSpellings } from './read/compose-spellings';
import { parseYaml } from './read/document';
import { overlay } from './read/overlay';
import { readText } from './read/source';
import { interpolate } from './read/variables';
import { storedIn, variablesOfBuilds } from './stored';

/** A file as data of a stack file, with its problems and warnings so far. */
export interface ReadFile {
  data: unknown;
  problems: Problem[];
  warnings: Problem[];
  /** Variables without a value. */
  unset: Finding[];
  /** Parts that are left out of the data. */
  malformed: Finding[];
  /** Values of secrets that the caller has. */
  sealing: GivenSecrets;
  /** Variables that are not recorded with the release. */
  concealed: ReadonlySet<string>;
  /** Variables without a value, and secrets that have to be stored. */
  missing: ReadonlySet<string>;
  /** Variables of env files that the client has read, by service. */
  envFiles: Record<string, VariableValues>;
  problem: LoadedStack['problem'];
}

/** Reads a stack file with its overlays. */
export function readStackFile({ files, folder }: FileChoice, options: LoadOptions): ReadFile {
  const documents = files.map((file, index) => parseYaml(file, readText(file), index > 0 ? 'overlay' : 'base'));
  const problem = locator(documents, files[0]!);
  const merged = documents
    .slice(1)
    .reduce((below, { data, overriding }) => overlay(below, data, overriding), documents[0]!.data);
  const given = givenVariables(options);
  const [missing, taken] = [new Set<string>(), new Set<string>()];
  const outer = toEnvironment(given.values, folder, {
    files: options.envFiles ?? [],
    below: given.stored,
    secret: given.secret,
    onUnset: (name) => missing.add(name),
    used: (name) => taken.add(name),
  });
  const filled = interpolate(merged, outer, { secret: given.secret });
  const { used, concealed, findings: unset } = filled;
  const spelled = fromComposeSpellings(filled.data);
  const secrets = readClientSecrets(spelled.data, outer, options);
  const { data } = secrets;
  const read = options.placeOnly ? noEnvFiles : readEnvFiles(data, { folder, outer, given });
  const declared = storedIn(data, options);
  const hidden = new Set([...read.used, ...taken]);
  const ofSecrets = [...declared.given, ...secrets.used];
  const known = new Set([...used, ...hidden, ...ofSecrets, ...variablesOfBuilds(data)]);
  const unused = unusedVariables(options, known);
  const ofValues = [...unset, ...unused, ...declared.findings, ...read.findings, ...secrets.findings];
  const found = [...(options.placeOnly ? [] : ofValues), ...spelled.findings];
  return {
    data,
    problems: found.map(({ path, message }) => problem(path, message)),
    warnings: [...filled.warnings.map(({ path, message }) => problem(path, message)), ...read.warnings],
    unset,
    malformed: [],
    sealing: { ...secrets.values, ...declared.sealing },
    concealed: withHidden(new Set([...concealed, ...ofSecrets]), hidden, used),
    missing: new Set([...missing, ...filled.missing, ...declared.missing, ...read.missing, ...secrets.missing]),
    envFiles: read.values,
    problem,
  };
}

const noEnvFiles: EnvFileReading = { values: {}, used: new Set(), missing: new Set(), findings: [], warnings: [] };

/** Variables of which only env files have the value are not recorded either. */
function withHidden(
  concealed: ReadonlySet<string>,
  hidden: ReadonlySet<string>,
  shown: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...concealed, ...[...hidden].filter((name) => !shown.has(name))]);
}

/** Loaded when it is needed: a stack file needs none of it. */
const compose = () => ({
  ...(require('./compose/project') as typeof import('./compose/project')),
  ...(require('./compose/load') as typeof import('./compose/load')),
  ...(require('./compose/spellings') as typeof import('./compose/spellings')),
  ...(require('./compose/to-stack') as typeof import('./compose/to-stack')),
});

/** Reads Compose files as what they mean in a stack file. */
export function readCompose({ files, folder, parsed, unreadOverride }: FileChoice, options: LoadOptions): ReadFile {
  const { profiles, envFiles } = options;
  const given = givenVariables(options);
  const { loadProject, removedVariables, spellingsOf, toStackFile } = compose();
  const { project, loading, findings } = loadProject({
    files,
    folder,
    parsed,
    variables: given.values,
    stored: given.stored,
    secret: given.secret,
    profiles,
    envFiles,
    placeOnly: options.placeOnly,
  });
  const problem = locator(loading.documents, files[0]!, spellingsOf);
  const placed = (found: Finding[]) => found.map(({ path, message }) => problem(path, message));
  const { malformed } = loading;
  const sensible = (found: Finding[]) => withoutConsequences(found, malformed);
  const { data: converted, refused, ignored } = toStackFile(project, options.environment);
  const secrets = readClientSecrets(converted, project.environment, options);
  const { data } = secrets;
  const read = options.placeOnly
    ? noEnvFiles
    : readEnvFiles(data, { folder, outer: project.environment, given, removed: removedVariables(project) });
  const ofSecrets = Object.values(project.secrets).flatMap(({ environment }) =>
    typeof environment === 'string' ? [environment] : [],
  );
  const declared = storedIn(data, options);
  const hidden = new Set([...read.used, ...loading.taken]);
  const known = new Set([...loading.used, ...hidden, ...ofSecrets, ...declared.given]);
  const unused = unusedVariables(options, known);
  const ofValues = [...unused, ...declared.findings, ...read.findings, ...secrets.findings];
  const unread: Problem[] = unreadOverride
    ? [
        {
          file: unreadOverride,
          path: '',
          message: `is not read, because -c names ${files[0]}; add -f ${unreadOverride}`,
        },
      ]
    : [];
  return {
    data,
    problems: [
      ...loading.problems,
      ...placed([...sensible(findings), ...(options.placeOnly ? [] : [...sensible(refused), ...ofValues])]),
    ],
    warnings: [...unread, ...loading.warnings, ...placed(ignored), ...read.warnings],
    unset: [],
    malformed,
    sealing: { ...secrets.values, ...declared.sealing },
    concealed: withHidden(new Set([...loading.concealed, ...ofSecrets, ...declared.given]), hidden, loading.used),
    missing: new Set([...loading.missing, ...declared.missing, ...read.missing, ...secrets.missing]),
    envFiles: read.values,
    problem,
  };
}

function unusedVariables({ variables = {}, secrets = {} }: LoadOptions, used: Set<string>): Finding[] {
  const unused = (option: string, values: object) =>
    Object.keys(values)
      .filter((name) => !used.has(name))
      .map((name) => ({ path: [], message: `${option} ${name}=…: the file does not use \${${name}}` }));
  return [...unused('--set', variables), ...unused('--secret', secrets)];
}
