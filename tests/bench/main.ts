import { dashboard } from './dashboard';
import { docker } from './docker';
import { passes, type Figure } from './figure';
import { kubernetes } from './kubernetes';
import { memory, start } from './memory';
import { rollout } from './rollout';
import { server } from './server';
import { validate } from './validate';

const benchmarks: Record<string, () => Promise<Figure[]>> = {
  validate,
  start,
  memory,
  docker,
  kubernetes,
  rollout,
  server,
  dashboard,
};

async function main(args: string[]): Promise<void> {
  const json = args.includes('--json');
  const names = args.filter((arg) => !arg.startsWith('-'));
  const unknown = names.find((name) => !benchmarks[name]);
  if (unknown) throw new Error(`there is no benchmark "${unknown}"; there are ${Object.keys(benchmarks).join(', ')}`);
  const figures: Figure[] = [];
  for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
    for (const figure of await benchmarks[name]!()) {
      figures.push(figure);
      if (!json) console.log(row(figure));
    }
  }
  if (json)
    console.log(
      JSON.stringify(
        figures.map((figure) => ({ ...figure, passes: passes(figure) })),
        null,
        2,
      ),
    );
  if (!figures.every(passes)) process.exitCode = 1;
}

function row(figure: Figure): string {
  const bar = figure.bar === undefined ? '' : `at most ${figure.bar} ${figure.unit}`;
  const verdict = figure.bar === undefined ? '   ' : passes(figure) ? 'ok ' : 'NO ';
  return (
    `${verdict} ${figure.name.padEnd(70)} ` +
    `${`${figure.value} ${figure.unit}`.padStart(12)}  ${bar.padEnd(18)} ${figure.detail}`
  );
}

void main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exit(2);
});
