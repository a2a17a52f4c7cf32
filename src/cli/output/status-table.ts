import { crashLoop, type InstanceLine } from '../../model/instance-status';
import { paint, table } from './terminal';

/** One row per service: its running instances, and the worst health of them. */
export function statusTable(lines: readonly InstanceLine[]): string[] {
  const services = new Map<string, InstanceLine[]>();
  for (const line of lines) services.set(line.service, [...(services.get(line.service) ?? []), line]);
  const isSpread = lines.some(({ host }) => host !== undefined);
  const rows = [...services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, instances]) => [
      name,
      `${instances.filter(isUp).length}/${instances.length}`,
      worst(instances.map(({ health }) => health)),
      tag(instances[0]!.image),
      String(instances.reduce((sum, { restarts }) => sum + restarts, 0)),
      ...(isSpread ? [[...new Set(instances.map(({ host }) => host ?? '-'))].join(', ')] : []),
      instances.flatMap(({ ports }) => ports).join(', '),
    ]);
  const [head, ...body] = table([
    ['SERVICE', 'RUN', 'HEALTH', 'IMAGE', 'RESTARTS', ...(isSpread ? ['HOST'] : []), 'PORTS'],
    ...rows,
  ]);
  return [
    paint.bold(head!),
    ...body.map((line) =>
      / (unhealthy|down|exited|crash loop|out of memory|paused|not started|unknown)/.test(line)
        ? paint.red(line)
        : line,
    ),
  ];
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
