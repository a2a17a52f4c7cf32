import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { loadStack, StackFileError } from '../../src/config';
import { casesIn } from '../support/compose-reading';
import { changes, mutate } from '../support/mutations';
import { writeStack } from '../support/stack';
import { isFull } from '../support/exhaustive';

const runs = isFull ? 20_000 : 500;
const credential = 'planted-credential-4731';

const files = casesIn(join(__dirname, '..', 'config', 'compose', 'corpus')).flatMap(({ files: [file] }) => {
  try {
    return [parse(readFileSync(file!, 'utf8'), { merge: true }) as unknown];
  } catch {
    return [];
  }
});

it('any Compose file is accepted, or refused with every reason, and never shows a credential', () =>
  fc.assert(
    fc.property(fc.constantFrom(...files), changes, (data, all) => {
      const changed = all.reduce<unknown>((file, { turns, ...change }) => mutate(file, turns, change), data);
      const shell = {
        GREETING: 'hello',
        DB_PASSWORD: credential,
        POSTGRES_PASSWORD: credential,
        API_TOKEN: credential,
      };
      const file = writeStack(stringify(changed), 'compose.yaml');
      try {
        const { stack, warnings } = loadStack({ file, shell });
        expect(JSON.stringify([stack, warnings])).not.toContain(credential);
      } catch (error) {
        expect(error).toBeInstanceOf(StackFileError);
        const { problems } = error as StackFileError;
        expect(problems.length).toBeGreaterThan(0);
        expect(JSON.stringify(problems)).not.toContain(credential);
      }
    }),
    { numRuns: runs },
  ));
