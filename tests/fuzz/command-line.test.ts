import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { createProgram } from '../../src/cli/program';
import { explain } from '../../src/cli/errors';
import { exitCodes } from '../../src/cli/exit-codes';
import { hostileText, unsafeIn } from './hostile-text';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 5000 : 150;

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-fuzz-'));
const file = join(folder, 'deploy-code.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

let printed = '';
beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => jest.restoreAllMocks());

const commandsOf = (command: Command): Command[] => [command, ...command.commands.flatMap(commandsOf)];

/** Runs a command line as the program does; what it throws otherwise than as its users' mistake is a crash. */
async function run(program: Command, words: string[]): Promise<number> {
  for (const command of commandsOf(program)) command.exitOverride().configureOutput(program.configureOutput());
  try {
    await program.parseAsync(['node', 'deploy-code', ...words]);
    return exitCodes.done;
  } catch (error) {
    return error instanceof CommanderError
      ? error.exitCode === 0
        ? exitCodes.done
        : exitCodes.badInput
      : explain(error as Error, false);
  }
}

const known = commandsOf(createProgram());
const flags = known
  .flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short]))
  .filter((flag) => flag !== undefined && flag !== null);
const value = fc.oneof(
  hostileText,
  fc.constantFrom(
    '-1',
    '0',
    '1e9',
    'NaN',
    '2h',
    '2026-12-24T18:00',
    '99999999999999999999',
    'A=b',
    '=',
    'a,b',
    'shop',
    '../x',
    'deployment/a/b/c',
    '--',
    '-',
    '',
  ),
);
const words = fc.array(
  fc.oneof(
    fc.constantFrom(...flags),
    value,
    fc.tuple(fc.constantFrom(...flags), value).map((parts) => parts.join('=')),
  ),
  { maxLength: 6 },
);

it(`flags and arguments of every command: taken, or refused with exit code 2 (${cases} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...known.slice(1).map((command) => command.name())),
      words,
      async (name, given) => {
        const program = createProgram();
        for (const command of commandsOf(program)) command.action(() => undefined);
        expect([exitCodes.done, exitCodes.badInput]).toContain(await run(program, [name, ...given]));
        expect(unsafeIn(printed)).toEqual([]);
        printed = '';
      },
    ),
    { numRuns: cases },
  );
}, 600_000);

const overlay = fc.oneof(
  hostileText,
  fc
    .dictionary(
      fc.oneof(
        fc.constantFrom('services', 'name', 'configs', 'volumes', 'deployment', '__proto__', 'constructor'),
        hostileText,
      ),
      fc.oneof(
        fc.constant(null),
        hostileText,
        fc.dictionary(
          fc.oneof(fc.constantFrom('web', '__proto__'), hostileText),
          fc.oneof(
            fc.constant(null),
            fc.dictionary(
              fc.constantFrom('image', 'replicas', 'command', 'environment', 'ports'),
              fc.anything({ maxDepth: 2 }),
              { maxKeys: 3 },
            ),
          ),
          { maxKeys: 2 },
        ),
      ),
      { maxKeys: 3 },
    )
    .map((data) => {
      try {
        return stringify(data);
      } catch {
        return '';
      }
    }),
);

it(`overlays and variables: a valid stack, or every problem with its place (${cases} cases)`, async () => {
  writeFileSync(file, 'name: shop\nservices: {web: {image: "web:${TAG:-1}"}}\n');
  await fc.assert(
    fc.asyncProperty(overlay, fc.array(value, { maxLength: 2 }), value, async (over, sets, environment) => {
      writeFileSync(join(folder, 'deploy-code.staging.yaml'), over);
      const given = [
        'validate',
        '-c',
        file,
        '-e',
        environment.length % 3 === 0 ? environment : 'staging',
        ...sets.flatMap((set) => ['--set', `TAG=${set}`]),
      ];
      expect([exitCodes.done, exitCodes.badInput]).toContain(await run(createProgram(), given));
      expect(unsafeIn(printed)).toEqual([]);
      printed = '';
    }),
    { numRuns: cases },
  );
}, 600_000);
