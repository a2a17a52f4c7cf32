import fc from 'fast-check';
import { toRef } from '../../src/plan/service/instance-spec';
import type { Lane, Step } from '../../src/plan/plan';
import { StepFactory } from '../../src/plan/steps';
import { together } from '../../src/plan/undo/together';
import { spec } from '../runtimes/contract';

const steps = new StepFactory({ host: 'memory://test', taskQueue: 'deploy-code' });
const refOf = (index: number) => toRef(spec('api', { name: `api-${index}`, ordinal: index }));
const lanes = fc.array(fc.constantFrom('remove', 'revive', 'retire', 'two'), { maxLength: 60 }).map((kinds) =>
  kinds.map((kind, index): Lane => {
    const ref = refOf(index);
    return kind === 'two'
      ? [steps.about('retire', ref), steps.about('remove', ref)]
      : [steps.about(kind as 'remove' | 'revive' | 'retire', ref)];
  }),
);
const spread = (step: Step): string[] => {
  if (step.kind === 'remove-together' || step.kind === 'revive-together')
    return step.instances.map(({ name }) => `${step.kind.replace('-together', '')} ${name}`);
  return 'instance' in step ? [`${step.kind} ${step.instance.name}`] : [];
};

describe('steps that are performed together', () => {
  it('are the same steps, each once, and at most ten in one', () => {
    fc.assert(
      fc.property(lanes, (alone) => {
        const grouped = together(alone);
        expect(grouped.flat().flatMap(spread).sort()).toEqual(alone.flat().flatMap(spread).sort());
        for (const step of grouped.flat()) expect(spread(step).length).toBeLessThanOrEqual(10);
        expect(new Set(grouped.flat().map(({ id }) => id)).size).toBe(grouped.flat().length);
      }),
    );
  });

  it('leave lanes of several steps as they are', () => {
    fc.assert(
      fc.property(lanes, (alone) => {
        const several = alone.filter((lane) => lane.length > 1);
        expect(together(alone).filter((lane) => lane.length > 1)).toEqual(several);
      }),
    );
  });
});
