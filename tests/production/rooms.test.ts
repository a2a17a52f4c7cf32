import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What `scripts/rooms.js` says about a tree of such files. */
function problemsOf(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'deploy-code-rooms-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'src', file)), { recursive: true });
    writeFileSync(join(root, 'src', file), text);
  }
  const { status, stderr } = spawnSync(process.execPath, ['scripts/rooms.js', root], { encoding: 'utf8' });
  const problems = stderr.split('\n').filter((line) => line !== '');
  expect(status).toBe(problems.length > 0 ? 1 : 0);
  return problems;
}

const model = { 'model/word.ts': 'export interface Word { text: string }\nexport const word = 1;\n' };

describe('the arrows between rooms', () => {
  it('are held for values and types, static and late imports, and what is exported again', () => {
    const files = {
      ...model,
      'activities/index.ts': 'export const run = 1;\n',
      'plan/plan.ts': "import { word } from '../model/word';\nexport const plan = word;\n",
    };
    expect(problemsOf(files)).toEqual([]);
    const late = "export const load = () => import('../activities/index.js');\n";
    expect(problemsOf({ ...files, 'client/a.ts': "import type { run } from '../activities';\n" })).toEqual([
      'src/client/a.ts: client imports types of activities (../activities)',
    ]);
    expect(problemsOf({ ...files, 'plan/b.ts': "export * from '../activities';\n" })).toEqual([
      'src/plan/b.ts: plan imports values of activities (../activities)',
    ]);
    expect(problemsOf({ ...files, 'client/c.ts': late })).toEqual([
      'src/client/c.ts: client imports values of activities (../activities/index.js)',
    ]);
    expect(
      problemsOf({
        ...files,
        'activities/connection.ts': '',
        'workflows/d.ts': "import '../activities/connection';\n",
      }),
    ).toEqual(['src/workflows/d.ts: workflows imports values of activities (../activities/connection)']);
  });

  it('are held between a room and one within it', () => {
    const files = { 'workflows/run.ts': 'export const run = 1;\n' };
    expect(problemsOf({ ...files, 'workflows/messages/a.ts': "import { run } from '../run';\n" })).toEqual([
      'src/workflows/messages/a.ts: workflows/messages imports values of workflows (../run)',
    ]);
  });

  it('are held for packages: a type may be used where its package may not', () => {
    expect(problemsOf({ 'kubernetes/a.ts': "import type { V1Pod } from '@kubernetes/client-node';\n" })).toEqual([]);
    expect(problemsOf({ 'kubernetes/a.ts': "import { KubeConfig } from '@kubernetes/client-node';\n" })).toEqual([
      'src/kubernetes/a.ts: kubernetes does not use the package @kubernetes/client-node (a value of it)',
    ]);
    expect(problemsOf({ 'plan/a.ts': "import { readFileSync } from 'node:fs';\n" })).toEqual([
      'src/plan/a.ts: plan does not use the package node (a value of it)',
    ]);
  });

  it('make no circle, of types either, and no folder gets too many files', () => {
    expect(
      problemsOf({
        'model/a.ts': "import type { B } from './b';\nexport interface A { b: B }\n",
        'model/b.ts': "import type { A } from './a';\nexport interface B { a: A }\n",
      }),
    ).toEqual([expect.stringMatching(/^a circle: model\/[ab]\.ts -> model\/[ab]\.ts$/)]);
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`model/m${index}.ts`, 'export {};\n']));
    expect(problemsOf(many)).toEqual(['src/model holds 17 files; more than 16 want chapters']);
  });
});
