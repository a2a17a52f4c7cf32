import { StepFactory } from '../../src/plan/steps';

const hold = { kind: 'hold' as const, at: '10', label: 'bake web at 10 % for 60 s', durationMs: 60_000 };

describe('a step', () => {
  it('has a stable id, a title, and the label that its strategy gave it', () => {
    const step = new StepFactory({ host: 'docker://vm', taskQueue: 'deploy-code' }).make(hold, 'web');
    expect(step).toMatchObject({ title: hold.label, label: hold.label, service: 'web' });
    expect(step.id).toBe('web/hold/10');
  });

  it('names its host, where there are several, in its id and title only', () => {
    const where = { host: 'alpha', taskQueue: 'deploy-code/alpha', named: true as const };
    const step = new StepFactory(where).make(hold, 'web');
    expect(step).toMatchObject({ title: `${hold.label} on alpha`, label: hold.label });
    expect(step.id).toBe('alpha:web/hold/10');
  });
});
