import stringWidth from 'string-width';
import { crashLoop, type InstanceLine } from '../../model/instance-status';
import { paint, table } from './terminal';
import { cutMiddle } from './words';

/** Instances that a release wants, by service. */
export type Wanted = Readonly<Record<string, number>>;

/** The columns that are cut where a row is too wide, and the characters that are always left of them. */
const cuttable = [
  { column: 0, shortest: 16 },
  { column: 3, shortest: 12 },
];

/**
 * One row per service: its running instances of those that are wanted, and the worst health of them. Without `wanted`,
 * those that are there count. `width`: columns of the screen, for which long names and images are cut in the middle.
 */
export function statusTable(lines: readonly InstanceLine[], wanted: Wanted = {}, width = Infinity): string[] {
  const services = new Map<string, InstanceLine[]>(Object.keys(wanted).map((name) => [name, []]));
  for (const line of lines) services.set(line.service, [...(services.get(line.service) ?? []), line]);
  const isSpread = lines.some(({ host }) => host !== undefined);
  const rows = [...services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, instances]) => [
      name,
      `${instances.filter(isUp).length}/${Math.max(instances.length, wanted[name] ?? 0)}`,
      healthOf(instances, wanted[name] ?? 0),
      tag(instances[0]?.image ?? '-'),
      String(instances.reduce((sum, { restarts }) => sum + restarts, 0)),
      ...(isSpread ? [[...new Set(instances.map(({ host }) => host ?? '-'))].join(', ')] : []),
      instances.flatMap(({ ports }) => ports).join(', '),
    ]);
  const title = ['SERVICE', 'RUN', 'HEALTH', 'IMAGE', 'RESTARTS', ...(isSpread ? ['HOST'] : []), 'PORTS'];
  const [head, ...body] = table(cutTo(width, [title, ...rows]));
  return [
    paint.bold(head!),
    ...body.map((line) =>
      / (unhealthy|degraded|down|exited|crash loop|out of memory|paused|not started|unknown)/.test(line)
        ? paint.red(line)
        : line,
    ),
  ];
}

function cutTo(width: number, rows: string[][]): string[][] {
  return cuttable.reduce((cut, { column, shortest }) => {
    const excess = Math.max(...table(cut).map((line) => stringWidth(line))) - width;
    if (excess <= 0) return cut;
    const widest = Math.max(...cut.map((row) => stringWidth(row[column]!)));
    const longest = Math.max(shortest, widest - excess);
    return cut.map((row) => row.map((cell, index) => (index === column ? cutMiddle(cell, longest) : cell)));
  }, rows);
}

function healthOf(instances: readonly InstanceLine[], wanted: number): string {
  if (instances.length >= wanted) return worst(instances.map(({ health }) => health));
  const problem = worst(instances.map(({ health }) => health));
  if (instances.length === 0) return 'down';
  return ['healthy', '-'].includes(problem) ? 'degraded' : problem;
}

function worst(healths: string[]): string {
  return healths.find((health) => !['healthy', '-', 'completed'].includes(health)) ?? healths[0] ?? '-';
}

function tag(image: string): string {
  const last = image.split('/').at(-1)!;
  return last.length > 40 ? `${last.slice(0, 39)}…` : last;
}

function isUp({ state, health }: InstanceLine): boolean {
  return state === 'running' && !health.startsWith(crashLoop);
}
