import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { DeploymentResult, PlanSummary, Progress } from '../../src/workflows/messages';
import { isFull } from '../support/exhaustive';

// Colours are decided when the module is loaded: here as on a terminal.
process.env.FORCE_COLOR = '1';
delete process.env.NO_COLOR;
const { paint, rendered, renderedWithin, table } =
  require('../../src/cli/output/terminal') as typeof import('../../src/cli/output/terminal');
const { planText } = require('../../src/cli/output/plan-text') as typeof import('../../src/cli/output/plan-text');
const { resultText } = require('../../src/cli/output/result-text') as typeof import('../../src/cli/output/result-text');
const { ProgressLines } =
  require('../../src/cli/output/progress-lines') as typeof import('../../src/cli/output/progress-lines');
const { statusTable } =
  require('../../src/cli/output/status-table') as typeof import('../../src/cli/output/status-table');
const { queueRows } =
  require('../../src/cli/output/control-text') as typeof import('../../src/cli/output/control-text');
const { waitingText } =
  require('../../src/cli/output/question-text') as typeof import('../../src/cli/output/question-text');

const cases = isFull ? 10_000 : 500;
const hostile = fc.string({
  unit: fc.constantFrom(
    '\u001b',
    '[2J',
    ']0;title\u0007',
    '[32m',
    '\u009b',
    '\r',
    '\n',
    '\t',
    '\b',
    '\u202e',
    '\u2066',
    '\u200b',
    '\ufeff',
    '\ud800',
    'DONE',
    ' ',
    '漢',
    '😀',
    'a',
  ),
});
const ours = new RegExp(`${String.fromCharCode(27)}\\[(1|2|22|31|32|33|35|36|39)m`, 'g');
/** What is left once our own styles are gone holds nothing that a terminal obeys. */
const harmless = (text: string) =>
  !/[\p{Cc}\p{Cs}\u200b\u202e\u2066\ufeff]/u.test(text.replace(ours, '').replace(/[\n\t]/g, ''));

describe(`what people read (${cases} cases)`, () => {
  it('keeps the styles of our own words, and escapes those that come with a text', () => {
    expect(rendered(paint.red(`x\u001b[32mDONE\u001b[0m`))).toBe('\u001b[31mx\\x1b[32mDONE\\x1b[0m\u001b[39m');
    expect(rendered(`${paint.bold('shop')} ${paint.dim('\u001b]52;c;eA==\u0007')}`)).toBe(
      '\u001b[1mshop\u001b[22m \u001b[2m\\x1b]52;c;eA==\\x07\u001b[22m',
    );
  });

  it('shows what follows a line end in a text as a part of that text', () => {
    expect(rendered('cause: x\nDONE in 1s\r\nnext')).toBe('cause: x\n  | DONE in 1s\n  | next');
  });

  it('is cut to the width of the terminal in the progress display', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 60 }), (text, columns) => {
        const line = renderedWithin(columns, `${paint.green('✔')} ${text} ${paint.dim(text)}`);
        return stringWidth(line) <= columns && !line.includes('\n') && harmless(line);
      }),
      { numRuns: cases },
    );
    expect(renderedWithin(8, paint.red('0123456789'))).toBe('\u001b[31m0123456…\u001b[39m');
  });

  it('stands in columns, whatever the cells hold', () => {
    expect(
      table([
        ['NAME', 'BY', 'WHY'],
        ['漢字', 'a\nb', 'x\u001b[2J'],
        ['api', 'ana', 'y'],
      ]),
    ).toEqual(['NAME  BY    WHY', '漢字  a\\nb  x\\x1b[2J', 'api   ana   y']);
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile), { minLength: 1, maxLength: 5 }), (rows) => {
        const lines = table(rows.map(([a, b]) => [a, '|', `${b}.`]));
        const starts = lines.map((line) => stringWidth(line.slice(0, line.indexOf('|'))));
        return lines.length === rows.length && new Set(starts).size === 1 && lines.every(harmless);
      }),
      { numRuns: cases },
    );
  });

  it('obeys no text from outside, wherever it comes in', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const cause = {
          service: text,
          step: text,
          message: text,
          evidence: { logs: [text, text], lastProbeError: text },
        };
        const result: DeploymentResult = {
          outcome: 'rollback_incomplete',
          intent: 'deploy',
          requestedBy: text,
          reason: text,
          cause,
          refusals: [{ path: text, message: text }],
          warnings: [text],
          tolerated: [cause],
          notUndone: [text],
          leftBehind: [text],
          changed: [text],
          durationMs: 1,
          steering: [{ action: 'abort', by: text, reason: text, service: text, at: 1 }],
          deployment: 1,
        };
        const service = {
          name: text,
          kind: 'service' as const,
          action: 'replace' as const,
          replicas: 2,
          changes: [{ key: 'image', from: text, to: text }],
          notes: [text],
          interruptionMs: 5,
          steps: [{ id: text, title: text }],
          host: text,
          rollout: [text],
        };
        const plan: PlanSummary = {
          stack: text,
          environment: text,
          host: text,
          deployment: 1,
          release: { to: 1 },
          warnings: [text],
          newVolumes: [text],
          estimateMs: 1,
          phases: [{ number: 1, kind: 'deploy', services: [service] }],
          preparation: [text],
          pulls: [text],
          changes: true,
        };
        const progress: Progress = {
          status: 'deploying',
          deployment: 1,
          plan,
          held: text,
          question: { id: '1', text, answers: [text] },
          approvals: [{ title: text, service: text }],
          failure: { cause, until: 1 },
          events: [
            { sequence: 1, at: 1, code: 'deployment.noted', data: { message: text } },
            {
              sequence: 2,
              at: 1,
              code: 'step.failed',
              step: { id: text, kind: 'start', title: text, service: text, phase: 1 },
              data: { message: text, durationMs: 1 },
            },
          ],
        };
        const lines: string[] = [];
        new ProgressLines((line) => lines.push(line)).show(progress);
        lines.push(...resultText(result, text), ...planText(plan), ...waitingText(progress, ''));
        lines.push(
          ...statusTable([
            {
              service: text,
              ordinal: 1,
              name: text,
              state: 'running',
              health: text,
              image: text,
              restarts: 0,
              ports: [text],
              release: 1,
            },
          ]),
        );
        lines.push(
          ...table(
            queueRows(
              {
                workflowId: 'deployment/a/b/c',
                deployment: 1,
                asked: {
                  by: text,
                  reason: text,
                  intent: 'deploy',
                  at: 1,
                  whenBusy: 'queue',
                  force: false,
                  automatic: false,
                  breaker: { threshold: 0, recoveryMs: 0 },
                },
              },
              [],
            ),
          ),
        );
        return lines.map(rendered).every(harmless);
      }),
      { numRuns: cases },
    );
  });

  it('leaves this program through one place only', () => {
    const files = readdirSync('src/cli', { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && file !== join('output', 'terminal.ts'),
    );
    const others = files.filter((file) =>
      /console\.|std(out|err)\.write\((?!visibleLines)/.test(readFileSync(join('src/cli', file), 'utf8')),
    );
    expect(others).toEqual([]);
  });
});
