import type { Intent, IntentKind } from '../plan/plan';
import type { DeploymentInput } from '../workflows/messages';

/** What is wanted of a deployment. */
export function intentOf(kind: IntentKind, { services, force = false, fresh }: { services?: string[]; force?: boolean; fresh?: boolean }): Intent {
  return { kind, force, ...(services && { services }), ...(fresh && { fresh }) };
}

const longestDetails = 4000;

/** Who asked for what, for the Temporal UI. */
export function requestDetails({ stack, intent, requestedBy, reason, target }: DeploymentInput): string {
  const variables = Object.entries(stack.variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    `requested by ${requestedBy}${reason ? `: ${reason}` : ''}`,
    ...(target === undefined ? [] : [`release ${target}`]),
    ...(intent.services ? [`services ${intent.services.join(', ')}`] : []),
    ...(variables.length > 0 ? [variables.join(' ')] : []),
    ...Object.values(stack.services).map(({ name, image, command }) => `- ${name}: ${image ?? (command ?? []).join(' ')}`),
  ];
  return lines.join('\n\n').slice(0, longestDetails);
}
