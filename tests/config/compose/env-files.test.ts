import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvFiles } from '../../../src/config/env-files';
import { givenVariables } from '../../../src/config/given-variables';

interface Shape {
  files: string[];
  format?: 'raw';
  /** What compose-go reads; null where it refuses the files. */
  expected: Record<string, string> | null;
}

const shapes = JSON.parse(readFileSync(join(__dirname, 'env-file-shapes.json'), 'utf8')) as Shape[];

const own = { OWN: 'own' };

/** Variables as `scripts/env-file-shapes.js` has Compose read them. */
function readingOf({ files, format }: Shape) {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-shapes-'));
  for (const [index, text] of files.entries()) writeFileSync(join(folder, `${index}.env`), text);
  const entries = files.map((_, index) => ({ path: `${index}.env`, read_by: 'client', ...(format && { format }) }));
  return readEnvFiles(
    { services: { app: { env_file: entries, environment: own } } },
    {
      folder,
      outer: { GREETING: 'hello', DOTENV: 'from-dotenv' },
      given: givenVariables({ shell: {} }),
      removed: { app: ['GONE'] },
    },
  );
}

describe('env files are read as Compose reads them', () => {
  it.each(shapes.map((shape) => [JSON.stringify(shape.files), shape] as const))('%s', (_, shape) => {
    const { values, findings } = readingOf(shape);
    const isStricter = findings.some(({ message }) => message.includes('unexpected text after the closing quote'));
    if (shape.expected === null || isStricter) expect(findings).not.toEqual([]);
    else {
      expect(findings).toEqual([]);
      expect({ GONE: null, ...values.app, ...own }).toEqual(shape.expected);
    }
  });
});
