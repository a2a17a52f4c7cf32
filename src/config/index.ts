import { requireName } from '../model/names';
import type { Stack } from '../model/stack';
import { bare } from './read/bare';
import { standIn, withoutConsequences } from './consequences';
import { readCompose, readStackFile, type ReadFile } from './dialects';
import { chooseFiles, whyStackFile } from './files';
import type { LoadedStack, LoadOptions } from './load-options';
import { normalise, type Normalised } from './normalise';
import { StackFileError, type Finding, type Problem } from './problems';
import { conceal } from '../model/text/marks';
import { isData } from './read/overlay';
import { fitting } from './read/fitting';
import { readText } from './read/source';
import { rules } from './rules';
import { concealedCredentials, literalCredentials } from './rules/credentials';
import { stackFile, type StackFile } from './schema/stack-file';
import { separateMarked, withEnvFiles, withoutSealed, withSources } from './sealed';

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
  const missing = [...read.missing];
  const fail = (problems: Problem[]): void => {
    if (problems.length > 0) throw new StackFileError(distinct([...dialectNote, ...problems]), missing);
  };
  const dialectNote = choice.ownKey ? [problem(choice.ownKey.path, whyStackFile(choice.ownKey.path))] : [];
  const placed = (findings: Finding[]) => findings.map(({ path, message }) => problem(path, message));

  const given = withImages(read.data, options.images);
  const document = () => concealed(given);
  const fit = fitting(stackFile, given, options.placeOnly ? undefined : standIn);
  const malformed = [...read.malformed, ...fit.findings];
  if (fit.findings.length > 0) {
    const unsetAt = new Set(read.unset.map(({ path }) => placeOf(problem(path, ''))));
    const rest = fit.data && toStack(fit.data, choice.folder, read, options);
    const ofRest = (rest?.findings ?? []).map((finding) => ({ ...finding, path: fit.asWritten(finding.path) }));
    const sensible = [
      ...withoutConsequences(fit.findings, read.malformed),
      ...withoutConsequences(ofRest, malformed),
    ].filter(({ path }) => !unsetAt.has(placeOf(problem(path, ''))));
    fail(withCauses(read, placed(sensible)));
    // Only unset variables are malformed. They are a problem for `placeOnly` too if the rest is not valid without them,
    // or if it would mean another place.
    fail(placed(rest ? read.unset.filter((finding) => isOfPlace(finding, options)) : read.unset));
    const { findings: _, ...sent } = sendable(rest!.stack, read, options);
    return { files, ...sent, builds: {}, missing, warnings: [], document, problem };
  }
  const normalised = toStack(fit.data!, choice.folder, read, {
    ...options,
    variables: recorded(options.variables, read.concealed),
  });
  const { builds } = normalised;
  const { findings, ...sent } = sendable(normalised.stack, read, options);
  const unfilled = options.placeOnly ? [] : concealedCredentials(read.data);
  fail(withCauses(read, placed([...withoutConsequences(normalised.findings, malformed), ...findings, ...unfilled])));
  const warnings = distinct([...read.warnings, ...placed(literalCredentials(read.data))]);
  return { files, ...sent, builds, missing, warnings, document, problem };
}

/** True for a variable that says where a stack is: without it, a command would act on another environment. */
function isOfPlace({ path: [key, below] }: Finding, { environment }: LoadOptions): boolean {
  if (key === 'infrastructure') return below === 'container_runtime' || below === 'orchestrator';
  return key === 'name' || (key === 'environment' && environment === undefined);
}

/** A stack without values that look like credentials, and those values. The place of a stack needs none of them. */
function sendable(stack: Stack, read: ReadFile, options: LoadOptions) {
  const ofFiles = withEnvFiles(stack, read.envFiles);
  const sealing = Object.fromEntries(
    Object.entries(read.sealing).filter(([name]) => Object.hasOwn(stack.secrets, name)),
  );
  const {
    stack: separated,
    values,
    findings,
  } = read.concealed.size === 0
    ? { stack: ofFiles.stack, values: {}, findings: [] }
    : separateMarked(withSources(ofFiles.stack, sealing));
  return options.placeOnly
    ? { stack: withoutSealed(separated), sealing: {}, findings }
    : { stack: separated, sealing: { ...sealing, ...ofFiles.values, ...values }, findings };
}

/** Data with `***` for values that look like credentials. */
function concealed(data: unknown): unknown {
  if (typeof data === 'string') return conceal(data);
  if (Array.isArray(data)) return data.map(concealed);
  if (!isData(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [conceal(key), concealed(value)]));
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

/** Values of `--set` without those that look like credentials. */
function recorded(variables: Record<string, string> = {}, concealed: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !concealed.has(name)));
}

/** Identifies a position, so that an unset variable is not reported again as a malformed value. */
function placeOf({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

/** Normalises a file that fits the schema, and applies all rules. */
function toStack(data: StackFile, folder: string, { sealing }: ReadFile, options: LoadOptions): Normalised {
  const { variables = {}, images = {}, environment, shell = process.env, secrets = {} } = options;
  const file = bare(data);
  const {
    stack: normalised,
    builds,
    findings,
  } = normalise(file, {
    baseDir: folder,
    environment,
    variables: {
      ...variables,
      ...Object.fromEntries(Object.entries(images).map(([name, image]) => [`image.${name}`, image])),
    },
    secretValue: (secret, variable) => secrets[variable] ?? sealing[secret] ?? variables[variable] ?? shell[variable],
    readFile: (path) => readText(path, 'check the path'),
  });
  const stack = bare(normalised);
  const input = { file, stack };
  return {
    stack,
    builds,
    findings: [...findings, ...unknownImages(stack, images), ...rules.flatMap((rule) => rule(input))],
  };
}

/** Reports a problem in an anchor once instead of once for each alias. */
function distinct(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(
    ({ file, line, column, message }) => seen.size < seen.add(JSON.stringify([file, line, column, message])).size,
  );
}

/** The file with images of the command line, which are not built. */
function withImages(data: unknown, images: Record<string, string> = {}): unknown {
  const services = (data as { services?: Record<string, unknown> } | undefined)?.services ?? {};
  const named = Object.entries(images).flatMap(([name, image]) => {
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    if (!isData(service)) return [];
    const { build: _build, ...rest } = service;
    return [[name, { ...rest, image }] as const];
  });
  if (named.length === 0) return data;
  return { ...(data as object), services: { ...services, ...Object.fromEntries(named) } };
}

function unknownImages(stack: Stack, images: Record<string, string> = {}): Finding[] {
  return Object.keys(images)
    .filter((name) => !stack.services[name])
    .map((name) => ({ path: ['services'], message: `--image ${name}=…: there is no service "${name}"` }));
}

export { StackFileError, formatProblem, type Problem } from './problems';
export { isRemoteContext, type BuildSecret, type ImageBuild } from './image-build';
export type { Stack } from '../model/stack';
export type { LoadedStack, LoadOptions } from './load-options';
