import type { FileChoice } from './files';
import { givenVariables } from './given-variables';
import type { LoadedStack, LoadOptions } from './load-options';
import type { GivenSecrets, VariableValues } from '../model/instance';
import { conceal } from '../model/text/marks';
import { readEnvFiles, type EnvFileReading } from './env-files';
import type { Finding, Problem } from './problems';
import { fromComposeSpellings } from './read/compose-spellings';
import { parseYaml, type SourceDocument } from './read/document';
import { overlay } from './read/overlay';
import { readText } from './read/source';
import { interpolate } from './read/variables';
import { unknownKeyStart } from './schema/problems';
import { storedIn, variablesOfBuilds } from './stored';

/** A file as data of a stack file, with its problems and warnings so far. */
export interface ReadFile {
  data: unknown;
  problems: Problem[];
  warnings: Problem[];
  /** Variables without a value. */
  unset: Finding[];
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
  const outer = { ...given.stored, ...given.values };
  const filled = interpolate(merged, outer, { secret: given.secret });
  const { data, used, concealed, findings: unset } = filled;
  const spelled = fromComposeSpellings(data);
  const read = options.placeOnly ? noEnvFiles : readEnvFiles(spelled.data, { folder, outer, given });
  const declared = storedIn(spelled.data, options);
  const known = new Set([...used, ...declared.given, ...variablesOfBuilds(spelled.data), ...read.used]);
  const ofValues = [...unset, ...unusedVariables(options, known), ...declared.findings, ...read.findings];
  const found = [...(options.placeOnly ? [] : ofValues), ...spelled.findings];
  return {
    data: spelled.data,
    problems: found.map(({ path, message }) => problem(path, message)),
    warnings: [...filled.warnings.map(({ path, message }) => problem(path, message)), ...read.warnings],
    unset,
    sealing: declared.sealing,
    concealed: withHidden(new Set([...concealed, ...declared.given]), read, used),
    missing: new Set([...filled.missing, ...declared.missing, ...read.missing]),
    envFiles: read.values,
    problem,
  };
}

const noEnvFiles: EnvFileReading = { values: {}, used: new Set(), missing: new Set(), findings: [], warnings: [] };

/** Variables of which only env files have the value are not recorded either. */
function withHidden(
  concealed: ReadonlySet<string>,
  { used }: EnvFileReading,
  shown: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...concealed, ...[...used].filter((name) => !shown.has(name))]);
}

/** Loaded when it is needed: a stack file needs none of it. */
const compose = () => ({
  ...(require('./compose/project') as typeof import('./compose/project')),
  ...(require('./compose/load') as typeof import('./compose/load')),
  ...(require('./compose/to-stack') as typeof import('./compose/to-stack')),
});

/** Reads Compose files as what they mean in a stack file. */
export function readCompose({ files, folder, parsed, unreadOverride }: FileChoice, options: LoadOptions): ReadFile {
  const { profiles, envFiles } = options;
  const given = givenVariables(options);
  const { loadProject, removedVariables, toStackFile } = compose();
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
  const problem = locator(loading.documents, files[0]!);
  const placed = (found: Finding[]) => found.map(({ path, message }) => problem(path, message));
  const { data, refused, ignored, sealing } = toStackFile(project, options);
  const read = options.placeOnly
    ? noEnvFiles
    : readEnvFiles(data, { folder, outer: project.environment, given, removed: removedVariables(project) });
  const ofSecrets = Object.values(project.secrets).flatMap(({ environment }) =>
    typeof environment === 'string' ? [environment] : [],
  );
  const declared = storedIn(data, options);
  const known = new Set([...loading.used, ...ofSecrets, ...declared.given, ...read.used]);
  const ofValues = [...unusedVariables(options, known), ...declared.findings, ...read.findings];
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
      ...placed([...sensible(findings, loading.problems), ...(options.placeOnly ? [] : [...refused, ...ofValues])]),
    ],
    warnings: [...unread, ...loading.warnings, ...placed(ignored), ...read.warnings],
    unset: [],
    sealing: { ...sealing, ...declared.sealing },
    concealed: withHidden(new Set([...loading.concealed, ...ofSecrets, ...declared.given]), read, loading.used),
    missing: new Set([
      ...loading.missing,
      ...ofSecrets.filter((name) => !Object.hasOwn(project.environment, name)),
      ...declared.missing,
      ...read.missing,
    ]),
    envFiles: read.values,
    problem,
  };
}

/** Findings except those of services with a malformed value, which may follow from it. */
function sensible(findings: Finding[], problems: readonly Problem[]): Finding[] {
  const malformed = problems.filter(({ message }) => !message.startsWith(unknownKeyStart)).map(({ path }) => path);
  return findings.filter(({ path }) => {
    const service = path.slice(0, 2).join('.');
    return !malformed.some((each) => each === service || each.startsWith(`${service}.`));
  });
}

/** Locates a path in the file that has the longest part of it; an overlay wins over the stack file. */
function locator(documents: SourceDocument[], first: string): LoadedStack['problem'] {
  return (path, message) => {
    if (documents.length === 0) return { file: first, path: conceal(path.join('.')), message: conceal(message) };
    const places = documents.map((document) => ({ file: document.file, ...document.locate(path) }));
    const { depth: _, ...place } = places.reduce((best, next) =>
      next.depth >= best.depth && next.depth > 0 ? next : best,
    );
    return { ...place, path: conceal(path.join('.')), message: conceal(message) };
  };
}

function unusedVariables({ variables = {}, secrets = {} }: LoadOptions, used: Set<string>): Finding[] {
  const unused = (option: string, values: object) =>
    Object.keys(values)
      .filter((name) => !used.has(name))
      .map((name) => ({ path: [], message: `${option} ${name}=…: the file does not use \${${name}}` }));
  return [...unused('--set', variables), ...unused('--secret', secrets)];
}
