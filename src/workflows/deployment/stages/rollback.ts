import { lanesOf, servicesOf, type Plan } from '../../../plan/plan';
import { planRollback } from '../../../plan/undo/rollback';
import type { DeploymentInput } from '../../messages';
import type { DeploymentContext } from '../context';
import type { Interpreter } from '../steps/interpreter';
import type { Compensation } from '../steps/compensation';

/** The rollback of a whole deployment. */
export class Rollback {
  /** Jobs whose effect remains. */
  readonly notUndone: string[] = [];
  /** Jobs undone by their `on_rollback` command. */
  readonly undone = new Set<string>();

  constructor(
    private readonly context: DeploymentContext,
    private readonly interpreter: Interpreter,
    private readonly compensation: Compensation,
  ) {}

  /** A job with `on_rollback: refuse` that ran makes the rollback wait for a person. */
  async isAllowed({ stack }: DeploymentInput, plan: Plan): Promise<boolean> {
    const { started } = this.interpreter;
    const ran = servicesOf(plan.phases).filter(
      (service) =>
        stack.services[service.name]?.onRollback === 'refuse' &&
        lanesOf(service)
          .flat()
          .some(({ kind, id }) => kind === 'run-job' && started.has(id)),
    );
    if (ran.length === 0) return true;
    const answer = await this.context.ask(
      `${ran.map(({ name }) => name).join(', ')} ran, and on_rollback is refuse. Roll the rest back?`,
      ['roll back', 'leave as is'],
    );
    return answer === 'roll back';
  }

  async perform({ stack }: DeploymentInput, plan: Plan): Promise<{ complete: boolean; rollbackMs: number }> {
    const { started, finished } = this.interpreter;
    const { compensation } = this;
    const { log, steering } = this.context;
    const begin = Date.now();
    steering.endPause(true);
    log.become('rolling_back');
    const onRollback = Object.fromEntries(
      Object.values(stack.services).map((service) => [service.name, service.onRollback]),
    );
    const rollback = planRollback({ plan, started, finished, onRollback });
    await compensation.perform(rollback);
    this.notUndone.push(...rollback.notUndone);
    for (const step of rollback.stages.flatMap(({ lanes }) => lanes.flat()))
      if (step.kind === 'run-job' && finished.has(step.id)) this.undone.add(step.instance.service);
    const [complete, rollbackMs] = [compensation.leftBehind.length === 0, Date.now() - begin];
    log.report({ code: 'rollback.finished', data: { complete, durationMs: rollbackMs } });
    return { complete, rollbackMs };
  }
}
