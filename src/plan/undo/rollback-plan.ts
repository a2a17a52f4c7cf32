import type { OnRollback } from '../../model/stack';
import type { Lane, Plan } from '../plan';

/** Stages run one after the other, the lanes of a stage side by side. */
export interface RollbackPlan {
  stages: { title: string; lanes: Lane[] }[];
  /** Jobs whose effect is not undone. */
  notUndone: string[];
}

export interface RollbackInput {
  plan: Plan;
  /** Ids of the started steps: their effect may have happened, in part or completely. */
  started: ReadonlySet<string>;
  /** Ids of the finished steps. */
  finished: ReadonlySet<string>;
  onRollback: Record<string, OnRollback>;
}
