process.env.NO_COLOR = '1';
const { treeLines } = require('../../src/cli/output/tree/layout') as typeof import('../../src/cli/output/tree/layout');
const { StepStates } =
  require('../../src/cli/output/tree/step-states') as typeof import('../../src/cli/output/tree/step-states');
const { rendered } = require('../../src/cli/output/terminal') as typeof import('../../src/cli/output/terminal');
const { cutMiddle } = require('../../src/cli/output/words') as typeof import('../../src/cli/output/words');
const { planText } = require('../../src/cli/output/plan-text') as typeof import('../../src/cli/output/plan-text');

import type { PlanSummary, ProgressEvent, ServiceSummary } from '../../src/workflows/messages';

const service = (name: string, interruptionMs = 0): ServiceSummary => ({
  name,
  kind: 'service',
  action: 'create',
  replicas: 1,
  changes: [],
  notes: [],
  interruptionMs,
  steps: [{ id: `${name}/start/1`, title: `start ${name}-1` }],
});

describe('the live tree', () => {
  const phases = (perPhase: number): PlanSummary['phases'] =>
    [1, 2, 3, 4].map((number) => ({
      number,
      kind: 'services' as PlanSummary['phases'][number]['kind'],
      services: Array.from({ length: perPhase }, (_, index) => service(`s${number}-${index}`)),
    }));
  const states = (events: [string, string, number][]) => {
    const all = new StepStates();
    for (const [name, code, at] of events) {
      const step = { id: `${name}/start/1`, kind: 'start', title: `start ${name}-1` };
      all.take({ code, at, step, data: { message: 'registry away' }, sequence: 1 } as unknown as ProgressEvent);
    }
    return all;
  };
  const lines = (of: PlanSummary['phases'], events: [string, string, number][], height: number) =>
    treeLines({ phases: of, states: states(events), spinner: '*', isRollingBack: false, now: 10_000 }, height).map(
      rendered,
    );

  it('shows everything where it fits', () => {
    const events: [string, string, number][] = [
      ['s1-0', 'step.started', 0],
      ['s1-0', 'step.finished', 2000],
      ['s2-0', 'step.started', 3000],
    ];
    expect(lines(phases(1), events, 20)).toEqual([
      '  ✔ phase 1  1 service 2s',
      '  phase 2',
      '    * s2-0 7s start s2-0-1',
      '  phase 3',
      '    · s3-0',
      '  phase 4',
      '    · s4-0',
    ]);
  });

  it('shows why a service has failed, also after its start had succeeded', () => {
    const events: [string, string, number][] = [
      ['s1-0', 'step.started', 0],
      ['s1-0', 'step.finished', 2000],
      ['s1-0', 'step.failed', 3000],
    ];
    expect(lines(phases(1).slice(0, 1), events, 20)).toEqual(['  phase 1', '    ✖ s1-0 3s registry away']);
  });

  it('shows what is active first where not everything fits, and counts the rest', () => {
    const done = Array.from({ length: 30 }, (_, index): [string, string, number][] => [
      [`s1-${index}`, 'step.started', 0],
      [`s1-${index}`, 'step.finished', 1000],
    ]).flat();
    const events: [string, string, number][] = [
      ...done,
      ['s2-0', 'step.started', 1000],
      ['s2-0', 'step.finished', 2000],
      ['s2-1', 'step.started', 2000],
      ['s2-2', 'step.started', 2000],
      ['s2-2', 'step.delayed', 3000],
    ];
    expect(lines(phases(30), events, 20)).toEqual([
      '  ✔ phase 1  30 services 1s',
      '  phase 2  1 of 30 done, 27 not started',
      '    ! s2-2 8s waits: registry away',
      '    * s2-1 8s start s2-1-1',
      '  · 2 later phases  60 services',
    ]);
  });

  it.each([1, 2, 5, 20])('never exceeds %i lines', (height) => {
    const events = Array.from({ length: 30 }, (_, index): [string, string, number] => [
      `s1-${index}`,
      'step.started',
      0,
    ]);
    const shown = lines(phases(30), events, height);
    expect(shown.length).toBeLessThanOrEqual(height);
    if (height === 20) expect(shown.at(-2)).toBe('    … and 13 more under way');
  });

  it('cuts long names in the middle', () => {
    expect(cutMiddle('a-very-long-name-of-a-service-in-eu-west-1', 20)).toBe('a-very-lon…eu-west-1');
    expect(cutMiddle('short', 20)).toBe('short');
  });

  it('folds the interruptions of many services', () => {
    const plan = (count: number): PlanSummary => ({
      stack: 'shop',
      environment: 'test',
      host: 'docker://x',
      deployment: 1,
      release: { to: 1 },
      warnings: [],
      newVolumes: [],
      estimateMs: 1000,
      changes: true,
      pulls: [],
      preparation: [],
      phases: [
        {
          number: 1,
          kind: 'services' as PlanSummary['phases'][number]['kind'],
          services: Array.from({ length: count }, (_, index) => service(`s${index}`, 1000 * (index + 1))),
        },
      ],
    });
    expect(planText(plan(2)).at(-1)).toContain('interruption: s0 about 1s, s1 about 2s ');
    expect(planText(plan(30)).at(-1)).toContain('interruption: 30 services, each up to about 30s ');
  });
});
