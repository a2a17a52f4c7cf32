import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblem, loadStack, StackFileError, type LoadedStack } from '../../../src/config';
import { importCompose, type Imported } from '../../../src/config/import';
import { casesIn, type ComposeCase } from '../../support/compose-reading';

const cases = casesIn(join(__dirname, 'corpus'));

const attempt = <T>(make: () => T): T | StackFileError => {
  try {
    return make();
  } catch (error) {
    if (error instanceof StackFileError) return error;
    throw error;
  }
};

const load = ({ files, env, profiles }: ComposeCase) => attempt(() => loadStack({ file: files, shell: env, profiles }));

/** What `deploy` reads, and what `import` makes of it. */
const readings = new Map<string, readonly [LoadedStack | StackFileError, Imported | StackFileError]>();
function readingOf(each: ComposeCase) {
  const { name, files, env, profiles } = each;
  const known = readings.get(name) ?? [load(each), attempt(() => importCompose({ files, shell: env, profiles }))];
  readings.set(name, known);
  return known;
}

/** The stack of an imported file, which lies beside the Compose file. */
function loadImported({ folder, env }: ComposeCase, { text }: Imported): LoadedStack {
  const file = join(folder, `deploy-code.${process.pid}.yaml`);
  writeFileSync(file, text);
  try {
    const envFiles = existsSync(join(folder, '.env')) ? ['.env'] : [];
    return loadStack({ file, shell: env, envFiles });
  } finally {
    rmSync(file);
  }
}

/** Without whether a path was relative, which is for messages only. */
const comparable = ({ stack, sealing }: LoadedStack) =>
  JSON.parse(
    JSON.stringify({ stack, sealing }, (key, value: unknown) => (key === 'relative' ? undefined : value)),
  ) as unknown;

const otherwise = new Set([
  // `environment: {A: }` keeps A of an env file away: import says that it leaves the key out.
  'env-file-null-and-overlap',
  // Compose asks for variables of services that nothing extends.
  'extends-file-with-variables',
]);

describe('an imported file is the stack that the Compose file is', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (name, each) => {
    const [direct, converted] = readingOf(each);
    if (direct instanceof StackFileError) {
      if (converted instanceof StackFileError || converted.lost.length > 0 || otherwise.has(name)) return;
      expect(() => loadImported(each, converted)).toThrow(StackFileError);
    } else {
      if (converted instanceof StackFileError) throw converted;
      if (otherwise.has(name)) expect(converted.lost).not.toEqual([]);
      else expect(comparable(loadImported(each, converted))).toEqual(comparable(direct));
    }
  });
});

describe('an imported file means the same with other values of its variables', () => {
  const change = (each: ComposeCase) => ({
    ...each,
    env: Object.fromEntries(
      Object.entries(each.env).map(([name, value]) => [name, value === 'hello' ? 'other' : value]),
    ),
  });

  const referring = cases.filter(({ files }) =>
    files.some((file) => existsSync(file) && readFileSync(file, 'utf8').includes('GREETING')),
  );

  it.each(referring.map((each) => [each.name, each] as const))('%s', (name, each) => {
    const direct = load(change(each));
    const [, converted] = readingOf(each);
    if (direct instanceof StackFileError || converted instanceof StackFileError || otherwise.has(name)) return;
    if (converted.lost.some(({ message }) => message.includes('whose value is filled in'))) return;
    expect(comparable(loadImported(change(each), converted))).toEqual(comparable(direct));
  });
});

/** Warnings that the stack file gives again. */
const again = new RegExp(
  ['is not set, so it is empty', 'to a variable that is not set', 'looks like a credential', 'with a password'].join(
    '|',
  ),
);

describe('what a Compose file has and a stack has not is named alike by deploy and import', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const [direct, converted] = readingOf(each);
    if (converted instanceof StackFileError || direct instanceof StackFileError) return;
    const named = direct.warnings.map(formatProblem).filter((line) => !again.test(line));
    expect(converted.lost.map(formatProblem)).toEqual(expect.arrayContaining(named));
  });
});
