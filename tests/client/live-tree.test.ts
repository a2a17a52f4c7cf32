process.env.NO_COLOR = '1';
const { planText } = require('../../src/cli/output/plan-text') as typeof import('../../src/cli/output/plan-text');
const { ProgressTree } = require('../../src/cli/output/tree') as typeof import('../../src/cli/output/tree');

import type { PlanSummary, Progress } from '../../src/workflows/messages';

const escape = '\u001b';

/** The rows that a terminal shows after such output; it knows what the live display uses. */
function screen(output: string): string[] {
  const rows = [''];
  let row = 0;
  const parts = new RegExp(`${escape}\\[[?\\d;]*[A-Za-z]|\\n|[^${escape}\\n]+`, 'g');
  for (const [part] of output.matchAll(parts)) {
    if (part === '\n') row += 1;
    else if (part === `${escape}[2K`) rows[row] = '';
    else if (part === `${escape}[1A`) row -= 1;
    else if (!part.startsWith(escape)) rows[row] = (rows[row] ?? '') + part;
    rows[row] ??= '';
  }
  return rows;
}

describe('the live tree on a terminal', () => {
  it('overwrites nothing that is printed while it is shown: not the plan, and no note', () => {
    const plan: PlanSummary = {
      stack: 'shop',
      environment: 'test',
      host: 'here',
      release: { to: 1 },
      preparation: [],
      pulls: [],
      phases: [],
      newVolumes: [],
      changes: true,
      estimateMs: 1000,
      warnings: [],
    } as unknown as PlanSummary;
    const progress = (status: Progress['status']) =>
      ({ deployment: 1, status, events: [], approvals: [], plan: { ...plan } }) as unknown as Progress;
    let output = '';
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((output += String(text))));
    const tree = new ProgressTree();
    try {
      tree.show(progress('pulling'));
      tree.printAbove(['asked something']);
      tree.printAbove(planText(plan));
      tree.show(progress('deploying'));
      tree.printAbove(['noted', 'something']);
      tree.close();
    } finally {
      write.mockRestore();
    }
    const rows = screen(output).map((row) => row.trimEnd());
    const printed = ['asked something', ...planText(plan).map((line) => line.trimEnd()), 'noted', 'something'];
    expect(rows.filter((row) => printed.includes(row))).toEqual(printed);
    expect(rows.filter((row) => row.startsWith('deployment 1'))).toEqual(['deployment 1: deploying']);
  });
});
