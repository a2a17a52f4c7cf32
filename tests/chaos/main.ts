import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { prepareImages } from '../support/image';
import { OwnNetwork, ownEngineMissing } from '../support/own-engine';
import { Arena } from './arena';
import { Clock } from './arena/clock';
import { Registry } from '../support/registry';
import { faults as known } from './faults';
import { faultsIn, line, report, violationsIn } from './report';
import { faultsOf, play, scriptOf, type Outcome } from './round';

interface Options {
  faults: number;
  seed: number;
  round?: number;
  only?: string;
  report?: string;
}

const insideMark = 'DEPLOY_CODE_CHAOS_INSIDE';

const count = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('write a whole number.');
  return Number(text);
};

const program = new Command('chaos')
  .description(
    'Deploys, breaks and rolls back at random while the worker, Temporal, Docker and the ' +
      'client are killed, and checks after each round that nothing is lost.',
  )
  .option('--faults <n>', 'stop after so many', count, 20)
  .option('--seed <n>', 'the same seed plays the same rounds', count, Date.now() % 1_000_000)
  .option('--round <n>', 'play just this one', count)
  .option('--only <text>', 'strike with nothing but faults whose name holds this')
  .option('--report <file>', 'write a report there')
  .action(async (options: Options) => {
    const missing = ownEngineMissing();
    if (missing) return program.error(`chaos needs a Docker Engine of its own, which ${missing}`);
    process.exit(process.env[insideMark] ? await run(options) : await enterNetwork());
  });

/** Everything that can be killed lives in a network of its own. */
async function enterNetwork(): Promise<number> {
  const impossible = await prepareImages();
  if (impossible) throw new Error(impossible);
  Registry.prepare();
  Clock.prepare();
  const network = new OwnNetwork();
  network.create();
  try {
    const [command, ...rest] = [...network.enter, process.execPath, ...process.argv.slice(1)];
    return spawnSync(command!, rest, { stdio: 'inherit', env: { ...process.env, [insideMark]: '1' } }).status ?? 1;
  } finally {
    network.destroy();
  }
}

async function run({ faults, seed, round, only = '', report: file }: Options): Promise<number> {
  const begin = Date.now();
  const arena = new Arena();
  const outcomes: Outcome[] = [];
  const interrupted = () => void arena.close().then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await arena.open();
    if (!known.some(({ name, possible }) => name.includes(only) && (possible?.(arena) ?? true)))
      throw new Error(`no fault that this machine can have is called "${only}"`);
    const missing = [
      arena.registry ? [] : 'no registry: nothing is pulled',
      arena.hasBalancer ? [] : 'no NGINX image: no front door',
      arena.clock ? [] : 'no libfaketime: clocks stay right',
    ].flat();
    console.log([`seed ${seed}`, ...missing].join('; '));
    for (let number = round ?? 1; faultsIn(outcomes) < faults; number += 1) {
      const script = scriptOf(arena, { seed, number, only });
      console.log(
        `    round ${number} begins: ${script.operation.name} of ${script.stack} with ` +
          `${script.faults.map(({ fault, afterMs }) => `${fault.name} after ${afterMs} ms`).join(', ')}`,
      );
      const outcome = await play(arena, script).catch((error: Error): Outcome => ({
        number,
        stack: script.stack,
        operation: script.operation.name,
        faults: faultsOf(script),
        results: [],
        violations: [`the round itself: ${error.stack}`],
        durationMs: 0,
      }));
      outcomes.push(outcome);
      console.log(line(outcome));
      if (round !== undefined || outcome.violations.length > 0) break;
    }
  } finally {
    const keep = violationsIn(outcomes) > 0;
    await arena.close(keep);
    if (keep) console.log(`what is left to look at: ${arena.folder}`);
  }
  const durationMs = Date.now() - begin;
  console.log(
    `${faultsIn(outcomes)} faults in ${outcomes.length} rounds, ${violationsIn(outcomes)} ` +
      `with violations, ${Math.round(durationMs / 1000)} s, seed ${seed}`,
  );
  if (file) writeFileSync(file, report({ seed, outcomes, durationMs }));
  return violationsIn(outcomes) > 0 ? 1 : 0;
}

/** A client that is closed in the middle of a call says so later, to nobody. */
process.on('uncaughtException', (error) => console.error(error.message));

void program.parseAsync().catch((error: Error) => {
  console.error(error.stack);
  process.exit(2);
});
