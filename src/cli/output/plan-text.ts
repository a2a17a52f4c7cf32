import { acts, servicesOf, type Refusal } from '../../plan/plan';
import type { PlanSummary, ServiceSummary } from '../../workflows/messages';
import { counted, seconds, shorten } from './words';
import { paint, table } from './terminal';

/** Services whose interruption is shown one by one. */
const mostInterruptions = 5;

const signs: Partial<Record<ServiceSummary['action'], string>> = {
  create: '+',
  replace: '~',
  reroute: '~',
  scale: '~',
  restart: '~',
  run: '!',
  remove: '-',
};
const colours: Record<string, (text: string) => string> = {
  '+': paint.green,
  '~': paint.yellow,
  '!': paint.magenta,
  '-': paint.red,
};

/**
 * Shows a plan in the form of a diff.
 * @param built names of images that the deployment builds
 */
export function planText(plan: PlanSummary, built: ReadonlySet<string> = new Set()): string[] {
  const { from, to } = plan.release;
  const release =
    from === undefined
      ? `release ${to} (nothing is deployed here yet)`
      : from === to
        ? `release ${to}`
        : `release ${from} -> ${to}`;
  const rows = plan.phases.flatMap(({ number, kind, services }) =>
    services
      .filter(acts)
      .map((service) => ({ service, cells: row(kind === 'removals' ? 'removed' : `phase ${number}`, service) })),
  );
  return [
    `${paint.bold(`${plan.stack}/${plan.environment}`)}  ` +
      `${plan.changes ? release : 'nothing to change'}   ${plan.host}`,
    ...plan.preparation.map((step) => `  ${paint.green('+')} ${step}`),
    ...plan.pulls.map((image) => `  ${paint.cyan('>')} ${built.has(image) ? 'build' : 'pull'} ${image}`),
    ...table(rows.map(({ cells }) => cells)).flatMap((line, index) => [
      colour(`  ${line}`),
      ...rollout(rows[index]!.service),
    ]),
    ...unchanged(plan),
    ...footer(plan),
    ...plan.warnings.map((warning) => paint.yellow(`  warning: ${warning}`)),
  ];
}

function row(place: string, service: ServiceSummary): string[] {
  const name = service.replicas === 1 ? service.name : `${service.name} x${service.replicas}`;
  return [
    place,
    `${signs[service.action]} ${name}`,
    service.action,
    [
      ...(service.host === undefined ? [] : [`on ${service.host}`]),
      ...service.changes.map(changeText),
      ...service.notes,
    ].join('; '),
  ];
}

/** The steps by which requests move to the new instances. */
function rollout({ rollout: steps = [] }: ServiceSummary): string[] {
  return steps.map((step) => paint.dim(`              ${step}`));
}

function changeText({ key, from, to }: ServiceSummary['changes'][number]): string {
  return from !== undefined && to !== undefined ? `${key} ${from} -> ${to}` : key;
}

function colour(line: string): string {
  const sign = /^ {2}\S+(?: \d+)? +([+~!-]) /.exec(line)?.[1];
  return sign ? colours[sign]!(line) : line;
}

function unchanged({ phases, newVolumes }: PlanSummary): string[] {
  const services = servicesOf(phases);
  const same = services.filter(({ action }) => action === 'keep' || action === 'skip').map(({ name }) => name);
  const excluded = services.filter(({ action }) => action === 'leave').map(({ name }) => name);
  const data = newVolumes.length > 0 ? `NEW, EMPTY volumes: ${newVolumes.join(', ')}` : 'no volume touched';
  return [
    ...(same.length > 0 ? [`  = ${shorten(same, 8)} unchanged   data: ${data}`] : [`  data: ${data}`]),
    ...services
      .filter(({ action, notes }) => action === 'skip' && notes.length > 0)
      .map(({ name, notes }) => `  = ${name}: ${notes.join('; ')}`),
    ...(excluded.length > 0 ? [`  . ${shorten(excluded, 8)} not part of this deployment`] : []),
  ];
}

function footer({ phases, changes, estimateMs }: PlanSummary): string[] {
  if (!changes) return [];
  const interrupted = servicesOf(phases).filter(({ interruptionMs }) => interruptionMs > 0);
  return [`  interruption: ${interruptionText(interrupted)}   estimate ${seconds(estimateMs)}`];
}

/** Each service with its time; many services as a number, with the longest time. */
function interruptionText(interrupted: readonly ServiceSummary[]): string {
  if (interrupted.length === 0) return 'none';
  if (interrupted.length <= mostInterruptions)
    return interrupted.map(({ name, interruptionMs }) => `${name} about ${seconds(interruptionMs)}`).join(', ');
  const longest = Math.max(...interrupted.map(({ interruptionMs }) => interruptionMs));
  return `${counted(interrupted.length, 'service')}, each up to about ${seconds(longest)}`;
}

export function refusalText(refusals: readonly Refusal[]): string[] {
  return [
    ...refusals.map(({ path, message }) => paint.red(`${path}: ${message}`)),
    `${counted(refusals.length, 'reason')} not to deploy; nothing was changed`,
  ];
}
