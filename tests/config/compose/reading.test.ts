import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { casesIn, comparable, patched, readingOf } from '../../support/compose-reading';

interface Ours {
  why: string;
  /** We refuse what Compose accepts. */
  refuses?: true;
  /** We accept what Compose refuses. */
  accepts?: true;
  /** What we read otherwise, as a JSON merge patch. */
  project?: unknown;
}

const cases = casesIn(join(__dirname, 'corpus'));

describe('a Compose file is read as Compose reads it', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const { project, problems } = readingOf(each);
    const file = (name: string) => join(each.folder, name);
    const ours = existsSync(file('ours.json'))
      ? (JSON.parse(readFileSync(file('ours.json'), 'utf8')) as Ours)
      : undefined;
    const isRefused = ours?.refuses ?? (existsSync(file('refused.txt')) && !ours?.accepts);
    if (isRefused) {
      expect(problems).not.toEqual([]);
      return;
    }
    expect(problems).toEqual([]);
    if (ours?.accepts) return;
    const expected = comparable(JSON.parse(readFileSync(file('expected.json'), 'utf8')));
    expect(comparable(project)).toEqual(patched(expected, ours?.project ?? {}));
  });
});
