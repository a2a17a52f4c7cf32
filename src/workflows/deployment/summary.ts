import { changesAnything, type Plan } from '../../plan/plan';
import type { PlanSummary, ProgressEvent } from '../messages';

/** A plan as people and programs see it. */
export function summarise(plan: Plan): PlanSummary {
  const { stack, environment, host, deployment, release, warnings, newVolumes, estimateMs } = plan;
  return {
    stack, environment, host, deployment, release, warnings, newVolumes, estimateMs,
    changes: changesAnything(plan),
    pulls: plan.pulls.map(({ image }) => image.reference),
    preparation: plan.preparation.map(({ id }) => id),
    phases: plan.phases.map(({ number, kind, services }) => ({
      number, kind,
      services: services.map(({ name, kind: serviceKind, action, replicas, changes, notes, interruptionMs, lanes }) => ({
        name, kind: serviceKind, action, replicas, changes, notes, interruptionMs, steps: lanes.flat().map(({ id }) => id),
      })),
    })),
  };
}

const longestDetails = 18_000;

/** The phases of a deployment as a table, for the Temporal UI. */
export function detailsTable(plan: PlanSummary, events: readonly ProgressEvent[]): string {
  const state = new Map<string, string>();
  for (const { step, state: reached } of events) if (step && reached) state.set(step, reached);
  const rows = plan.phases.flatMap(({ number, services }) =>
    services.map(({ name, action, steps }) => {
      const done = steps.filter((step) => state.get(step) === 'done').length;
      const failed = steps.some((step) => state.get(step) === 'failed');
      const result = failed ? 'FAILED' : steps.length === 0 ? '=' : done === steps.length ? 'ok' : done > 0 ? `${done}/${steps.length}` : '';
      return `| ${number} | ${name} | ${action} | ${result} |`;
    }),
  );
  const head = `**${plan.stack}/${plan.environment}** deployment ${plan.deployment}, release ${plan.release.to}\n\n| phase | service | action | state |\n|---|---|---|---|\n`;
  const table = head + rows.join('\n');
  return table.length > longestDetails ? `${table.slice(0, longestDetails)}\n…` : table;
}
