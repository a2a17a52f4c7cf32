import type { StepEventCode } from '../../../model/events';
import { codeMarkdown, literalMarkdown } from '../../../model/text/markdown';
import { changesAnything, lanesOf, stepsOf, type Plan, type PlannedService, type Step } from '../../../plan/plan';
import { isEarlyStop } from '../../../plan/undo/early-stops';
import { delaysOf, type PlanSummary, type Progress, type ServiceSummary } from '../../messages';

/** A plan for people and programs. */
export function summarise(plan: Plan): PlanSummary {
  const { stack, environment, host, deployment, release, warnings, newVolumes, estimateMs } = plan;
  const early = stepsOf(plan.phases).filter(isEarlyStop);
  return {
    stack,
    environment,
    host,
    deployment,
    release,
    warnings,
    newVolumes,
    estimateMs,
    changes: changesAnything(plan),
    pulls: plan.pulls.map(({ image }) => image.reference),
    preparation: plan.preparation.map(({ title }) => title),
    phases: plan.phases.map(({ number, kind, services }) => ({
      number,
      kind,
      services: services.map((service) => ({
        ...described(service),
        ...(plan.placement?.[service.name] !== undefined && { host: plan.placement[service.name] }),
        steps: ownStepsOf(service, early).map(({ id, title }) => ({ id, title })),
        ...rolloutOf(service),
      })),
    })),
  };
}

/** The steps of a service, also those beside the steps of another one. */
function ownStepsOf(service: PlannedService, early: readonly Step[]): Step[] {
  const beside = lanesOf(service)
    .flat()
    .filter((step) => !isEarlyStop(step));
  return [...early.filter((step) => step.service === service.name), ...beside];
}

function described({
  name,
  kind,
  action,
  replicas,
  changes,
  notes,
  interruptionMs,
}: PlannedService): Omit<ServiceSummary, 'steps'> {
  return { name, kind, action, replicas, changes, notes, interruptionMs };
}

function rolloutOf(service: PlannedService): Pick<ServiceSummary, 'rollout'> {
  const shown = lanesOf(service)
    .flat()
    .filter(({ kind }) => ['route', 'hold', 'approve', 'test', 'configure'].includes(kind));
  return shown.length > 0 ? { rollout: shown.map(({ title }) => title) } : {};
}

const longestDetails = 18_000;
const longestText = 2000;
/** Padding: the Temporal UI cuts off the last line of details. */
const lastLine = '\n\n\u00a0';

/** The state of a deployment, with a table of its phases, as Markdown for the Temporal UI. */
export function details(progress: Progress): string {
  const { plan, status, deployment, behind, held, question, cause, failing, approvals = [] } = progress;
  const head = [
    `**deployment ${deployment ?? '(waits)'}**: ${status.replaceAll('_', ' ')}`,
    ...(behind !== undefined && status === 'queued' ? [`behind deployment ${behind}`] : []),
    ...(held !== undefined && status === 'queued' ? [literalMarkdown(held, longestText)] : []),
    ...(cause ? [codeMarkdown(cause.message, longestText)] : []),
    ...(failing
      ? [
          codeMarkdown(failing.cause.message, longestText),
          `waits until ${literalMarkdown(failing.jobs.join(', '))} has finished`,
        ]
      : []),
    ...delaysOf(progress.events).map(
      ({ title, message, since }) =>
        `waits since ${timeOf(since)}: ${literalMarkdown(title, longestText)}: ${codeMarkdown(message, longestText)}`,
    ),
    ...approvals.map(({ title }) => `waits: ${literalMarkdown(title, longestText)}`),
    ...(question ? [literalMarkdown(`${question.text} (${question.answers.join(', ')})`, longestText)] : []),
  ].join(', ');
  const text = plan ? `${head}\n\n${table(plan, progress)}` : head;
  return `${text.length > longestDetails ? `${text.slice(0, longestDetails)}\n…` : text}${lastLine}`;
}

/** `10:02 UTC`: workflows know no other zone. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

function table(plan: PlanSummary, { events, status }: Progress): string {
  const latest = new Map<string, StepEventCode>();
  for (const { step, code } of events) if (step) latest.set(step.id, code);
  const rows = plan.phases.flatMap(({ number, services }) =>
    services.map(
      (service) =>
        `| ${number} | ${literalMarkdown(service.name)} | ${service.action} | ${resultOf(service, latest, status)} |`,
    ),
  );
  return `| phase | service | action | state |\n|---|---|---|---|\n${rows.join('\n')}`;
}

function resultOf(
  { steps, action, kind }: ServiceSummary,
  latest: ReadonlyMap<string, StepEventCode>,
  status: Progress['status'],
): string {
  const done = steps.filter(({ id }) => latest.get(id) === 'step.finished').length;
  if (steps.some(({ id }) => latest.get(id) === 'step.failed')) return 'FAILED';
  if (steps.length === 0) return '=';
  if (done > 0 && action !== 'keep' && ['rolled_back', 'cancelled', 'rollback_incomplete'].includes(status))
    return kind === 'job' ? 'ran' : 'undone';
  return done === steps.length ? 'ok' : done > 0 ? `${done} of ${steps.length}` : '';
}
