import { requireName } from '../model/names';
import { bare } from './read/bare';
import { fromComposeSpellings } from './read/compose-spellings';
import { literalCredentials } from './rules/credentials';
import { parseYaml, type SourceDocument } from './read/document';
import { normalise } from './normalise';
import { overlay } from './read/overlay';
import { StackFileError, type Finding, type Problem } from './problems';
import { chooseFiles, type FileChoice } from './files';
import { loadProject } from './compose/load';
import { toStackFile } from './compose/to-stack';
import { rules } from './rules';
import { schemaFindings } from './schema/problems';
import { prune } from './read/prune';
import { stackFile, type StackFile } from './schema/stack-file';
import { readText } from './read/source';
import type { Stack } from '../model/stack';
import { interpolate } from './read/variables';

export interface LoadOptions {
  /**
   * The stack file, or a Compose file; default `deploy-code.yaml` in the working folder, else its Compose file. Several
   * files override each other in their order.
   */
  file?: string | readonly string[];
  /** `-e`: also the overlay `<file>.<environment>.yaml` where it exists. */
  environment?: string;
  /** `--set`. */
  variables?: Record<string, string>;
  /** `--image service=reference`. */
  images?: Record<string, string>;
  /** Values of `${VAR}` without `--set`; default the environment of the process. */
  shell?: Record<string, string | undefined>;
  acceptUnenforced?: boolean;
  /** Active profiles of a Compose file; default `COMPOSE_PROFILES`. */
  profiles?: readonly string[];
  /** Env files with the variables of a Compose file, instead of `.env`. */
  envFiles?: readonly string[];
  /** The caller needs only name, environment and runtime of the stack: unset variables are no problem. */
  placeOnly?: boolean;
}

/** A valid stack, its warnings, and the positions of its keys. */
export interface LoadedStack {
  /** The files that were read, the first one first. */
  files: string[];
  stack: Stack;
  /** Probable mistakes, which do not fail validation. */
  warnings: Problem[];
  /** Makes a problem with the file, line and column of a path. */
  problem: (path: (string | number)[], message: string) => Problem;
}

/**
 * Reads a stack file and its overlay into a validated {@link Stack}.
 * @throws StackFileError with every problem found, each with file, line and column
 * @throws NameProblem if `environment` is not a valid name
 */
export function loadStack(options: LoadOptions = {}): LoadedStack {
  if (options.environment !== undefined) requireName('environment', options.environment);
  const { shell = process.env } = options;
  const choice = chooseFiles([options.file ?? []].flat(), options.environment, shell);
  const read = choice.dialect === 'compose' ? readCompose(choice, options) : readStackFile(choice, options);
  const { files } = choice;
  const { problem } = read;
  const fail = (problems: Problem[]): void => {
    if (problems.length > 0) throw new StackFileError(distinct(problems));
  };
  const placed = (findings: Finding[]) => findings.map(({ path, message }) => problem(path, message));

  const given = withImages(read.data, options.images);
  const parsed = stackFile.safeParse(given);
  if (!parsed.success) {
    const malformed = schemaFindings(stackFile, parsed.error.issues);
    const unsetAt = new Set(read.unset.map(({ path }) => placeOf(problem(path, ''))));
    const sensible = malformed.filter(({ path }) => !unsetAt.has(placeOf(problem(path, ''))));
    const rest = toStackOfRest(given, malformed, choice.folder, options);
    fail(withCauses(read, placed([...sensible, ...(rest?.findings ?? [])])));
    // Only unset variables are malformed. They are a problem for `placeOnly` too if the rest is not valid without them.
    if (!rest) fail(placed(read.unset));
    return { files, stack: rest!.stack, warnings: [], problem };
  }
  const { stack, findings } = toStack(parsed.data, choice.folder, options);
  fail(withCauses(read, placed(findings)));
  return { files, stack, warnings: distinct([...read.warnings, ...placed(literalCredentials(read.data))]), problem };
}

/**
 * All problems: of one place only the first kind, since later ones follow from it, and with what was warned of there.
 */
function withCauses({ problems, warnings }: ReadFile, later: Problem[]): Problem[] {
  const reported = new Set(problems.map(placeOf));
  const all = [...problems, ...later.filter((problem) => !reported.has(placeOf(problem)))];
  const places = new Set(all.map(placeOf));
  return all.length === 0 ? [] : [...all, ...warnings.filter((warning) => places.has(placeOf(warning)))];
}

/** A file as data of a stack file, with its problems and warnings so far. */
interface ReadFile {
  data: unknown;
  problems: Problem[];
  warnings: Problem[];
  /** Variables without a value. */
  unset: Finding[];
  problem: LoadedStack['problem'];
}

function readStackFile({ files }: FileChoice, options: LoadOptions): ReadFile {
  const documents = files.map((file, index) => parseYaml(file, readText(file), index > 0 ? 'overlay' : 'base'));
  const problem = locator(documents);
  const merged = documents
    .slice(1)
    .reduce((below, { data, overriding }) => overlay(below, data, overriding), documents[0]!.data);
  const { variables = {}, shell = process.env } = options;
  const { data, used, findings: unset, warnings } = interpolate(merged, { ...shell, ...variables });
  const spelled = fromComposeSpellings(data);
  const found = [...(options.placeOnly ? [] : [...unset, ...unusedVariables(variables, used)]), ...spelled.findings];
  return {
    data: spelled.data,
    problems: found.map(({ path, message }) => problem(path, message)),
    warnings: warnings.map(({ path, message }) => problem(path, message)),
    unset,
    problem,
  };
}

function readCompose({ files, folder, unreadOverride }: FileChoice, options: LoadOptions): ReadFile {
  const { variables = {}, shell = process.env, profiles, envFiles } = options;
  const { project, loading, findings } = loadProject({
    files,
    folder,
    variables: { ...shell, ...variables },
    profiles,
    envFiles,
  });
  const problem = locator(loading.documents);
  const placed = (found: Finding[]) => found.map(({ path, message }) => problem(path, message));
  const { data, refused, ignored } = toStackFile(project, options.environment);
  const unused = unusedVariables(variables, loading.used);
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
    problems: [...loading.problems, ...placed([...findings, ...refused, ...(options.placeOnly ? [] : unused)])],
    warnings: [...unread, ...loading.warnings, ...placed(ignored)],
    unset: [],
    problem,
  };
}

/** Identifies a position, so that an unset variable is not reported again as a malformed value. */
function placeOf({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

/** Normalises a file that fits the schema, and applies all rules. */
function toStack(data: StackFile, folder: string, options: LoadOptions): { stack: Stack; findings: Finding[] } {
  const { variables = {}, images = {}, environment, acceptUnenforced = false } = options;
  const file = bare(data);
  const { stack: normalised, findings } = normalise(file, {
    baseDir: folder,
    environment,
    variables: {
      ...variables,
      ...Object.fromEntries(Object.entries(images).map(([name, image]) => [`image.${name}`, image])),
    },
    readConfig: (path) => readText(path, 'check the path'),
  });
  const stack = bare(normalised);
  const input = { file, stack, acceptUnenforced };
  return { stack, findings: [...findings, ...unknownImages(stack, images), ...rules.flatMap((rule) => rule(input))] };
}

/**
 * Checks a file without its malformed keys, so that all problems are reported at once; skips findings of services with
 * such a key. Undefined if the rest does not fit the schema.
 */
function toStackOfRest(
  data: unknown,
  malformed: Finding[],
  folder: string,
  options: LoadOptions,
): { stack: Stack; findings: Finding[] } | undefined {
  const paths = malformed.map(({ path }) => path);
  const parsed = stackFile.safeParse(prune(data, paths));
  if (!parsed.success) return undefined;
  const reported = new Set(paths.map((path) => path.slice(0, 2).join('.')));
  const { stack, findings } = toStack(parsed.data, folder, options);
  return { stack, findings: findings.filter(({ path }) => !reported.has(path.slice(0, 2).join('.'))) };
}

/** Reports a problem in an anchor once instead of once for each alias. */
function distinct(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(
    ({ file, line, column, message }) => seen.size < seen.add(JSON.stringify([file, line, column, message])).size,
  );
}

/** Locates a path in the file that has the longest part of it; an overlay wins over the stack file. */
function locator(documents: SourceDocument[]): LoadedStack['problem'] {
  return (path, message) => {
    const places = documents.map((document) => ({ file: document.file, ...document.locate(path) }));
    const { depth: _, ...place } = places.reduce((best, next) =>
      next.depth >= best.depth && next.depth > 0 ? next : best,
    );
    return { ...place, path: path.join('.'), message };
  };
}

function withImages(data: unknown, images: Record<string, string> = {}): unknown {
  const known = (data as { services?: Record<string, unknown> } | undefined)?.services ?? {};
  const services = Object.fromEntries(
    Object.entries(images)
      .filter(([name]) => name in known)
      .map(([name, image]) => [name, { image }]),
  );
  return Object.keys(services).length > 0 ? overlay(data, { services }) : data;
}

function unknownImages(stack: Stack, images: Record<string, string> = {}): Finding[] {
  return Object.keys(images)
    .filter((name) => !stack.services[name])
    .map((name) => ({ path: ['services'], message: `--image ${name}=…: there is no service "${name}"` }));
}

function unusedVariables(variables: Record<string, string>, used: Set<string>): Finding[] {
  return Object.keys(variables)
    .filter((name) => !used.has(name))
    .map((name) => ({ path: [], message: `--set ${name}=…: the file does not use \${${name}}` }));
}

export { StackFileError, formatProblem, type Problem } from './problems';
export type { Stack } from '../model/stack';
