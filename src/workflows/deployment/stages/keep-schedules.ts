import type { DeploymentInput, Go } from '../../messages';
import { counted } from '../../../model/text';
import { activity } from '../../support/activity-options';
import { contextOf } from '../../support/step-context';

/**
 * Synchronises Temporal's schedules with those of the stack file; resolves with their names. A stopped environment has
 * none.
 */
export async function keepSchedules(
  { stack, intent, taskQueue, followsCurrent }: DeploymentInput,
  { deployment, schedules: before = [] }: Go,
): Promise<string[]> {
  const whole = intent.kind === 'deploy' || intent.kind === 'rollback' || (intent.kind === 'stop' && !intent.services);
  if (!whole || intent.services || followsCurrent) return before;
  const wanted = intent.kind === 'stop' ? [] : (stack.schedules ?? []);
  if (wanted.length === 0 && before.length === 0) return before;
  await activity('syncSchedules', taskQueue, `keep ${counted(wanted.length, 'schedule')}`)(
    contextOf(stack, deployment),
    wanted,
    before,
  );
  return wanted.map(({ name }) => name);
}
