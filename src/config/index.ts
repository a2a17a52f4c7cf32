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
  /** Where `${VAR}` that `--set` does not give is looked up; default the process's environment. */
  shell?: Record<string, string | undefined>;
  acceptUnenforced?: boolean;
  /** Only the stack's name, environment and runtime are wanted: variables may be missing. */
  placeOnly?: boolean;
}

/** A valid stack, and the way from a key back to its place in the files. */
export interface LoadedStack {
  stack: Stack;
  /** What is probably not meant, and refused nowhere. */
  warnings: Problem[];
  problem: (path: (string | number)[], message: string) => Problem;
}

/**
 * Reads a stack file with its overlay into a validated {@link Stack}.
 * @throws StackFileError with every problem found, each with file, line and column
 * @throws NameProblem where the given environment is not a name
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
    const rest = understandRest(given, malformed, options);
    fail([...found, ...sensible, ...(rest?.findings ?? [])]);
    // Only what unset variables have left malformed is wrong: without it the place is known all the same, or not.
    if (!rest) fail(unset);
    return { stack: rest!.stack, warnings: [], problem };
  }
  const { stack, findings } = understand(parsed.data, options);
  fail([...found, ...findings]);
  const warnings = distinct(
    [...left, ...literalCredentials(spelled.data)].map(({ path, message }) => problem(path, message)),
  );
  return { stack, warnings, problem };
}

/** A variable that is not set leaves a text there that fits nothing: that is said once. */
function placeOf({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

/** What a file means, and what of it makes no sense. */
function understand(data: StackFile, options: LoadOptions): { stack: Stack; findings: Finding[] } {
  const { variables = {}, images = {}, environment, acceptUnenforced = false } = options;
  const file = bare(data);
  const { stack: understood, findings } = normalise(file, {
    baseDir: resolve(dirname(options.file ?? 'deploy-code.yaml')),
    environment,
    variables: {
      ...variables,
      ...Object.fromEntries(Object.entries(images).map(([name, image]) => [`image.${name}`, image])),
    },
    readConfig: (path) => readText(path, 'look at the path'),
  });
  const stack = bare(understood);
  const input = { file, stack, acceptUnenforced };
  return { stack, findings: [...findings, ...unknownImages(stack, images), ...rules.flatMap((rule) => rule(input))] };
}

/**
 * Without its malformed keys a file may be understood: every problem at once. Of a service with such a key nothing more
 * is said. Undefined where the rest has no meaning.
 */
function understandRest(
  data: unknown,
  malformed: Finding[],
  options: LoadOptions,
): { stack: Stack; findings: Finding[] } | undefined {
  const paths = malformed.map(({ path }) => path);
  const parsed = stackFile.safeParse(prune(data, paths));
  if (!parsed.success) return undefined;
  const spoken = new Set(paths.map((path) => path.slice(0, 2).join('.')));
  const { stack, findings } = understand(parsed.data, options);
  return { stack, findings: findings.filter(({ path }) => !spoken.has(path.slice(0, 2).join('.'))) };
}

function readDocuments(file: string, environment: string | undefined): SourceDocument[] {
  const base = parseYaml(file, readText(file));
  const { dir, name, ext } = parse(file);
  const over = join(dir, `${name}.${environment}${ext}`);
  return environment && existsSync(over) ? [base, parseYaml(over, readText(over), 'overlay')] : [base];
}

/** What stands in an anchor is found at every use of it, and said once. */
function distinct(problems: Problem[]): Problem[] {
  const said = new Set<string>();
  return problems.filter(
    ({ file, line, column, message }) => said.size < said.add(JSON.stringify([file, line, column, message])).size,
  );
}

/** The last file that has most of a path is where a person would look for it. */
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
    .map((name) => ({ path: [], message: `--set ${name}=…: the file has no \${${name}}` }));
}

export { StackFileError, formatProblem, type Problem } from './problems';
export type { Stack } from '../model/stack';
