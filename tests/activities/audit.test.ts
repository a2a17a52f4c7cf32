import { appendFileSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { findBreak } from '../../src/activities/audit/chain';
import { TrailFile } from '../../src/activities/audit/trail-file';
import type { AuditEntry, AuditRecord } from '../../src/model/audit';

const entry = (id: string): AuditEntry => ({ id, at: 1, by: 'ana', from: 'laptop', what: 'deploy', why: 'SHOP-1', result: 'succeeded', deployment: 1 });
const newFile = () => join(mkdtempSync(join(tmpdir(), 'deploy-code-audit-')), 'shop', 'test.jsonl');

describe('an audit trail', () => {
  const written = async (count: number) => {
    const file = newFile();
    const trail = new TrailFile(file);
    for (let index = 1; index <= count; index += 1) await trail.append(entry(`e${index}`));
    return { file, trail, records: await trail.read() };
  };

  it('is whole as it is written, also by several at once, and holds each entry once', async () => {
    const file = newFile();
    await Promise.all(Array.from({ length: 20 }, (_, index) => new TrailFile(file).append(entry(`e${index % 10}`))));
    const records = await new TrailFile(file).read();
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(10);
    expect(findBreak(records, records.at(-1))).toBeUndefined();
  });

  it('shows any change of any record, any that is missing, moved or put in', async () => {
    const { records } = await written(6);
    const fields = ['at', 'by', 'from', 'what', 'why', 'result', 'deployment', 'id', 'previous', 'hash', 'sequence'] as const;
    fc.assert(fc.property(fc.nat({ max: 5 }), fc.constantFrom(...fields), (index, field) => {
      const changed = records.map((record, at) => (at === index ? { ...record, [field]: typeof record[field] === 'number' ? (record[field] as number) + 1 : `${record[field]}x` } : record)) as AuditRecord[];
      expect(findBreak(changed, records.at(-1))).toBeDefined();
    }));
    fc.assert(fc.property(fc.nat({ max: 5 }), (index) => expect(findBreak(records.filter((_, at) => at !== index), records.at(-1))).toBeDefined()));
    expect(findBreak([records[1]!, records[0]!, ...records.slice(2)], records.at(-1))).toMatch('records are missing or were moved');
  });

  it('shows that its end was cut off, or that it was written anew, by what the environment remembers', async () => {
    const { records } = await written(4);
    const { records: anew } = await written(4);
    expect(findBreak(records.slice(0, 3), records.at(-1))).toBe('there are 3 records, and the environment remembers 4: the last ones are missing');
    const other = { ...records.at(-1)!, hash: 'f'.repeat(64) };
    expect(findBreak(anew, other)).toMatch('the trail was written anew');
    expect(findBreak(records, records[1])).toBeUndefined();
  });

  it('goes on after a crash in the middle of a line, and after a lock whose holder died', async () => {
    const { file, trail } = await written(2);
    appendFileSync(file, '{"sequence":3,"id":"half');
    expect(await trail.read()).toHaveLength(2);
    writeFileSync(`${file}.lock`, '');
    utimesSync(`${file}.lock`, 0, 0);
    await trail.append(entry('e3'));
    const records = await trail.read();
    expect(records.map(({ id }) => id)).toEqual(['e1', 'e2', 'e3']);
    expect(findBreak(records, undefined)).toBeUndefined();
    expect(readFileSync(file, 'utf8').endsWith('}\n')).toBe(true);
  });
});
