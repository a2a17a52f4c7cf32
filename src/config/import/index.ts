import { basename } from 'node:path';
import { stringify } from 'yaml';
import type { Data } from '../compose/canonical/values';
import { loadProject, type ComposeOptions, type LoadedProject } from '../compose/load';
import type { ProjectStandIns } from '../compose/loading';
import { removedVariables, type ComposeProject } from '../compose/project';
import { toStackFile, type Converted } from '../compose/to-stack';
import { chooseFiles } from '../files';
import { locator } from '../locator';
import { StackFileError, type Finding, type Problem } from '../problems';
import { withRelativePaths } from './relative-paths';
import { inShortForms } from './short-forms';
import { StandInTexts } from './stand-ins';
import { withReferences, type Referring } from './variables';

export interface ImportOptions {
  /** Later files override earlier ones. */
  files: readonly string[];
  /** Name of the stack; default the name that Compose gives the project. */
  name?: string;
  /** Variables; default the environment of the process. */
  shell?: Record<string, string | undefined>;
  profiles?: readonly string[];
  /** Env files, instead of `.env`. */
  envFiles?: readonly string[];
}

export interface Imported {
  /** The stack file. */
  text: string;
  /** Parts of the Compose files that are missing in the stack file, or different there. */
  lost: Problem[];
}

/**
 * Turns Compose files into the stack file that means what they mean to `deploy`. Variables stay variables.
 * @throws StackFileError if `deploy` could not read the files either
 */
export function importCompose({ name, shell = process.env, ...options }: ImportOptions): Imported {
  const { files, folder, dialect, parsed, unreadOverride } = chooseFiles(options.files, undefined, shell);
  if (dialect === 'stack') throw new StackFileError([{ file: files[0], path: '', message: 'is a stack file already' }]);
  const from = { ...options, files, folder, variables: shell, parsed };
  const unset: Problem[] = [];
  const real = read(from, { replace: (_, value) => value, unset: (problem) => unset.push(problem) });
  if (real.problems.length > 0) throw new StackFileError([...real.problems, ...unset]);
  const { data, filledIn } = referring(from, real);
  const problem = locator(real.loading.documents, files[0]!);
  const findings = [
    ...real.converted.refused,
    ...real.converted.ignored,
    ...filledIn.map((path) => ({ path, message: 'depends on a variable, whose value is filled in' })),
    ...leftOut(real.project),
  ];
  const unread = { path: '', message: `is not read; name it after ${files[0]} to import both` };
  return {
    text:
      `# Imported from ${files.map((file) => basename(file)).join(', ')}. \`deploy-code validate\` checks it, ` +
      `\`deploy-code plan\` shows what it does.\n` +
      stringify(inShortForms({ ...(data as Data), ...(name !== undefined && { name }) }), { lineWidth: 120 }),
    lost: [
      ...(unreadOverride ? [{ file: unreadOverride, ...unread }] : []),
      ...inOrder([...real.loading.warnings, ...findings.map(({ path, message }) => problem(path, message))]),
    ],
  };
}

/** By file and line. */
function inOrder(problems: Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return files.flatMap((file) =>
    problems.filter((problem) => problem.file === file).sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  );
}

interface Read extends LoadedProject {
  converted: Converted;
  problems: Problem[];
}

function read(options: ComposeOptions, standIns: ProjectStandIns): Read {
  const loaded = loadProject({ ...options, standIns });
  const { loading, findings, project } = loaded;
  const problem = locator(loading.documents, options.files[0]!);
  const converted = toStackFile(project, undefined);
  return {
    ...loaded,
    converted: { ...converted, data: withRelativePaths(converted.data, options.folder) },
    problems: [...loading.problems, ...findings.map(({ path, message }) => problem(path, message))],
  };
}

/** More values than this are tried one after another before all are filled in. */
const mostRounds = 20;

/**
 * The stack file with references to variables. It is made a second time from texts that stand for their values; where
 * these do not fit (a name of a service, a word of few), the value is filled in.
 */
function referring(options: ComposeOptions, { project, converted }: Read): Referring {
  const standIns = new StandInTexts(project.environment);
  const refused = new Set(converted.refused.map(joined));
  for (let round = 0; round < mostRounds; round += 1) {
    standIns.begin();
    const standing = read(options, standIns);
    const misfits = [...standing.problems.map(({ path }) => path), ...standing.converted.refused.map(joined)];
    const more = misfits.filter((path) => !refused.has(path));
    if (more.length === 0) {
      const { data, filledIn } = withReferences(converted.data, standing.converted.data, standIns.all);
      return { data, filledIn: [...standIns.filledIn, ...filledIn] };
    }
    if (more.map((path) => standIns.keep(path)).every((isKept) => !isKept)) break;
  }
  const { data } = withReferences(converted.data, converted.data, []);
  return { data, filledIn: standIns.places };
}

function joined({ path }: Finding): string {
  return path.join('.');
}

/** What `deploy` leaves out in silence, as Compose does. */
function leftOut(project: ComposeProject): Finding[] {
  const unset = Object.entries(removedVariables(project)).flatMap(([service, names]) =>
    names.map((name) => ({
      path: ['services', service, 'environment', name],
      message: `has no value here, and is left out; write ${name}: \${${name}} to pass it on`,
    })),
  );
  const ofProfiles = project.disabled.map((service) => ({
    path: ['services', service],
    message: 'has only profiles that are not active, and is left out; name one with --profile',
  }));
  return [...unset, ...ofProfiles];
}
