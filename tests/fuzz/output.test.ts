import fc from 'fast-check';
import { outcomes } from '../../src/model/deployment';
import { planText } from '../../src/cli/output/plan-text';
import { ProgressLines } from '../../src/cli/output/progress-lines';
import { approvalText, failureText } from '../../src/cli/output/question-text';
import { resultText } from '../../src/cli/output/result-text';
import { statusTable } from '../../src/cli/output/status-table';
import { rendered, renderedWithin } from '../../src/cli/output/terminal';
import type { DeploymentResult, Progress } from '../../src/workflows/messages';
import { hostileText as text, unsafeIn } from './hostile-text';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 5000 : 60;

const texts = fc.array(text, { maxLength: 3 });
const optional = fc.option(text, { nil: undefined });
const cause = fc.record({
  step: text,
  service: optional,
  message: text,
  evidence: fc.record({ logs: texts, lastProbeError: optional, outOfMemory: fc.boolean() }),
});
const outcome = fc.constantFrom(...outcomes);
const refusals = fc.array(fc.record({ path: text, message: text }), { maxLength: 2 });

const result = fc.record({
  outcome,
  cause: fc.option(cause, { nil: undefined }),
  refusals,
  intent: fc.constant('deploy'),
  requestedBy: text,
  reason: optional,
  deployment: fc.nat(),
  release: fc.nat(),
  rollbackMs: fc.nat(),
  warnings: texts,
  tolerated: fc.array(cause, { maxLength: 2 }),
  notUndone: texts,
  leftBehind: texts,
  changed: texts,
  durationMs: fc.nat(),
  steering: fc.array(
    fc.record({ action: fc.constant('pause'), by: text, at: fc.nat(), reason: optional, service: optional }),
    { maxLength: 2 },
  ),
}) as fc.Arbitrary<unknown> as fc.Arbitrary<DeploymentResult>;

const service = fc.record({
  name: text,
  kind: fc.constant('service'),
  action: fc.constantFrom('create', 'replace', 'keep'),
  replicas: fc.nat(9),
  changes: fc.array(fc.record({ key: text, from: optional, to: optional }), { maxLength: 2 }),
  notes: texts,
  interruptionMs: fc.nat(),
  steps: texts,
  host: optional,
});
const plan = fc.record({
  stack: text,
  environment: text,
  host: text,
  deployment: fc.nat(),
  release: fc.record({ to: fc.nat() }),
  warnings: texts,
  newVolumes: texts,
  estimateMs: fc.nat(),
  changes: fc.boolean(),
  pulls: texts,
  preparation: texts,
  phases: fc.array(
    fc.record({ number: fc.nat(), kind: fc.constant('deploy'), services: fc.array(service, { maxLength: 3 }) }),
    { maxLength: 2 },
  ),
});
const event = fc.record({
  sequence: fc.nat(),
  at: fc.nat(),
  kind: fc.constantFrom('note', 'status', 'step'),
  state: fc.constantFrom('begun', 'done', 'failed', 'trouble'),
  step: text,
  service: optional,
  phase: fc.option(fc.nat(), { nil: undefined }),
  text,
  durationMs: fc.nat(),
});
const progress = fc.record({
  status: fc.constantFrom('queued', 'deploying', 'waiting'),
  deployment: fc.option(fc.nat(), { nil: undefined }),
  held: optional,
  behind: fc.nat(),
  plan: fc.option(plan, { nil: undefined }),
  events: fc.array(event, { maxLength: 4 }),
  approvals: fc.array(fc.record({ title: text, service: optional }), { maxLength: 2 }),
  failure: fc.option(fc.record({ cause, until: fc.nat() }), { nil: undefined }),
}) as fc.Arbitrary<unknown> as fc.Arbitrary<Progress>;
const instance = fc.record({
  name: text,
  service: text,
  ordinal: fc.nat(),
  state: fc.constantFrom('running', 'exited'),
  health: text,
  image: text,
  restarts: fc.nat(),
  ports: texts,
  host: optional,
});

/** Every text of the command line about something, as lines. */
const views: [string, fc.Arbitrary<string[]>][] = [
  ['the result of a deployment', result.map((value) => resultText(value, ''))],
  [
    'progress',
    progress.map((value) => {
      const lines: string[] = [];
      new ProgressLines((line) => lines.push(line)).show(value);
      return [...lines, ...approvalText(value, ''), ...failureText(value, '')];
    }),
  ],
  ['a plan', plan.map((value) => planText(value as never))],
  ['status', fc.array(instance, { minLength: 1, maxLength: 4 }).map((value) => statusTable(value as never))],
];

describe.each(views)(`%s, made of hostile texts (${cases} cases)`, (_, lines) => {
  it('shows nothing that a terminal would obey, and no line that is not our own', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 200 }), (all, columns) => {
        const shown = all.map(rendered);
        const cut = renderedWithin(columns, all.join(' '));
        expect(unsafeIn([...shown, cut].join(''))).toEqual([]);
        expect(shown.flatMap((line) => line.split('\n').slice(1)).filter((more) => !more.startsWith('  | '))).toEqual(
          [],
        );
        expect(cut).not.toContain('\n');
      }),
      { numRuns: cases },
    );
  });
});
