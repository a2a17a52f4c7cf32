import { existsSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { requireName } from '../model/names';
import { bare } from './read/bare';
import { fromComposeSpellings } from './read/compose-spellings';
import { literalCredentials } from './rules/credentials';
import { parseYaml, type SourceDocument } from './read/document';
import { normalise } from './normalise';
import { overlay } from './read/overlay';
import { StackFileError, type Finding, type Problem } from './problems';
import { rules } from './rules';
import { schemaFindings } from './schema/problems';
import { prune } from './read/prune';
import { stackFile, type StackFile } from './schema/stack-file';
import { readText } from './read/source';
import type { Stack } from '../model/stack';
import { interpolate } from './read/variables';

export interface LoadOptions {
  /** The stack file; default `deploy-code.yaml` in the working folder. */
  file?: string;
  /** `-e`: also the overlay `<file>.<environment>.yaml` where it exists. */
  environment?: string;
  /** `--set`. */
  variables?: Record<string, string>;
  /** `--image service=reference`. */
  images?: Record<string, string>;
  /** Values of `${VAR}` without `--set`; default the environment of the process. */
  shell?: Record<string, string | undefined>;
  acceptUnenforced?: boolean;
  /** The caller needs only name, environment and runtime of the stack: unset variables are no problem. */
  placeOnly?: boolean;
}

/** A valid stack, its warnings, and the positions of its keys. */
export interface LoadedStack {
  stack: Stack;
  /** Probable mistakes, which do not fail validation. */
  warnings: Problem[];
  /** The file as it is read: overlay, variables and Compose spellings applied. */
  document: unknown;
  /** Makes a problem with the file, line and column of a path. */
  problem: (path: (string | number)[], message: string) => Problem;
}

/**
 * Reads a stack file and its overlay into a validated {@link Stack}.
 * @throws StackFileError with every problem found, each with file, line and column
 * @throws NameProblem if `environment` is not a valid name
 */
export function loadStack(options: LoadOptions = {}): LoadedStack {
  const file = options.file ?? 'deploy-code.yaml';
  if (options.environment !== undefined) requireName('environment', options.environment);
  const documents = readDocuments(file, options.environment);
  const problem = locator(documents);
  const fail = (findings: Finding[]): void => {
    if (findings.length > 0)
      throw new StackFileError(distinct(findings.map(({ path, message }) => problem(path, message))));
  };

  const merged = documents
    .slice(1)
    .reduce((below, { data, overriding }) => overlay(below, data, overriding), documents[0]!.data);
  const { variables = {}, shell = process.env } = options;
  const { data, used, findings: unset, warnings: left } = interpolate(merged, { ...shell, ...variables });
  const spelled = fromComposeSpellings(data);
  const found = [...(options.placeOnly ? [] : [...unset, ...unusedVariables(variables, used)]), ...spelled.findings];
  const given = withImages(spelled.data, options.images);
  const parsed = stackFile.safeParse(given);
  if (!parsed.success) {
    const malformed = schemaFindings(stackFile, parsed.error.issues);
    const unsetAt = new Set(unset.map(({ path }) => placeOf(problem(path, ''))));
    const sensible = malformed.filter(({ path }) => !unsetAt.has(placeOf(problem(path, ''))));
    const rest = toStackOfRest(given, malformed, options);
    fail([...found, ...sensible, ...(rest?.findings ?? [])]);
    // Only unset variables are malformed. They are a problem for `placeOnly` too if the rest is not valid without them.
    if (!rest) fail(unset);
    return { stack: rest!.stack, warnings: [], document: given, problem };
  }
  const { stack, findings } = toStack(parsed.data, options);
  fail([...found, ...findings]);
  const warnings = distinct(
    [...left, ...literalCredentials(spelled.data)].map(({ path, message }) => problem(path, message)),
  );
  return { stack, warnings, document: given, problem };
}

/** Identifies a position, so that an unset variable is not reported again as a malformed value. */
function placeOf({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

/** Normalises a file that fits the schema, and applies all rules. */
function toStack(data: StackFile, options: LoadOptions): { stack: Stack; findings: Finding[] } {
  const { variables = {}, images = {}, environment, acceptUnenforced = false } = options;
  const file = bare(data);
  const { stack: normalised, findings } = normalise(file, {
    baseDir: resolve(dirname(options.file ?? 'deploy-code.yaml')),
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
  options: LoadOptions,
): { stack: Stack; findings: Finding[] } | undefined {
  const paths = malformed.map(({ path }) => path);
  const parsed = stackFile.safeParse(prune(data, paths));
  if (!parsed.success) return undefined;
  const reported = new Set(paths.map((path) => path.slice(0, 2).join('.')));
  const { stack, findings } = toStack(parsed.data, options);
  return { stack, findings: findings.filter(({ path }) => !reported.has(path.slice(0, 2).join('.'))) };
}

function readDocuments(file: string, environment: string | undefined): SourceDocument[] {
  const base = parseYaml(file, readText(file));
  const { dir, name, ext } = parse(file);
  const over = join(dir, `${name}.${environment}${ext}`);
  return environment && existsSync(over) ? [base, parseYaml(over, readText(over), 'overlay')] : [base];
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
