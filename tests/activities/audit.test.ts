import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { findBreak, follow } from '../../src/activities/audit/chain';
import { Anchor } from '../../src/activities/audit/anchor';
import { underLock } from '../../src/guard/file-lock';
import { examine } from '../../src/activities/audit/proof';
import { Seal } from '../../src/activities/audit/seal';
import { AuditTrails } from '../../src/activities/audit/trails';
import { TrailFile } from '../../src/activities/audit/trail-file';
import type { AuditEntry, AuditRecord } from '../../src/model/audit';
import { SourceRules } from '../../src/policy';

const entry = (id: string): AuditEntry => ({
  id,
  at: 1,
  by: 'ana',
  from: 'laptop',
  what: 'deploy',
  why: 'SHOP-1',
  result: 'succeeded',
  deployment: 1,
});
const seal = new Seal(Buffer.from('the key of this installation'));
const mark = (hash: string) => seal.mark('shop/test', hash);
const newFile = () => join(mkdtempSync(join(tmpdir(), 'deploy-code-audit-')), 'shop', 'test.jsonl');

describe('an audit trail', () => {
  const written = async (count: number) => {
    const file = newFile();
    const trail = new TrailFile(file, mark);
    for (let index = 1; index <= count; index += 1) await trail.append(entry(`e${index}`));
    return { file, trail, records: await trail.read() };
  };

  it('is whole as it is written, also by several at once, and holds each entry once', async () => {
    const file = newFile();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => new TrailFile(file, mark).append(entry(`e${index % 10}`))),
    );
    const records = await new TrailFile(file, mark).read();
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(10);
    expect(findBreak(records, records.at(-1))).toBeUndefined();
  });

  it('shows any change of any record, any that is missing, moved or put in', async () => {
    const { records } = await written(6);
    const fields = [
      'at',
      'by',
      'from',
      'what',
      'why',
      'result',
      'deployment',
      'id',
      'previous',
      'hash',
      'sequence',
    ] as const;
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.constantFrom(...fields), (index, field) => {
        const changed = records.map((record, at) =>
          at === index
            ? {
                ...record,
                [field]: typeof record[field] === 'number' ? (record[field] as number) + 1 : `${record[field]}x`,
              }
            : record,
        ) as AuditRecord[];
        expect(findBreak(changed, records.at(-1))).toBeDefined();
      }),
    );
    fc.assert(
      fc.property(fc.nat({ max: 5 }), (index) =>
        expect(
          findBreak(
            records.filter((_, at) => at !== index),
            records.at(-1),
          ),
        ).toBeDefined(),
      ),
    );
    expect(findBreak([records[1]!, records[0]!, ...records.slice(2)], records.at(-1))).toMatch(
      'records are missing or were moved',
    );
  });

  it('shows that its end was cut off, or that it was written anew, by what the environment remembers', async () => {
    const { records } = await written(4);
    const { records: anew } = await written(4);
    expect(findBreak(records.slice(0, 3), records.at(-1))).toBe(
      'the trail has 3 records, but the environment remembers 4: the last ones are missing',
    );
    const other = { ...records.at(-1)!, hash: 'f'.repeat(64) };
    expect(findBreak(anew, other)).toMatch(
      'differs from the one that the environment remembers: the trail was rewritten',
    );
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

  describe('with the MACs of the installation', () => {
    const other = new Seal(Buffer.from('the key of another installation'));
    const proofOf = (records: AuditRecord[], by = seal, witnesses = {}) => examine('shop/test', records, by, witnesses);
    /**
     * As somebody does who may write to the trail and has no key: hashes are right, MACs are not there or somebody
     * else's.
     */
    const forged = (records: AuditRecord[], index: number, by?: Seal): AuditRecord[] => {
      const anew: AuditRecord[] = [];
      for (const [at, record] of records.entries()) {
        const { hash, ...rest } = follow(anew.at(-1), at === index ? { ...record, by: 'eve' } : record, (of) =>
          by ? by.mark('shop/test', of) : seal.mark('shop/other', of),
        );
        anew.push(by ? { ...rest, hash } : { ...rest, hash, key: record.key, mac: record.mac });
      }
      return anew;
    };

    it('says what is proved, and by whose key', async () => {
      const { records } = await written(3);
      expect(proofOf(records)).toEqual({ proof: [`proved by the key of this worker (${seal.id}): 1 to 3`] });
      expect(proofOf(records, other)).toEqual({
        proof: [`not proved here, as the key ${seal.id} belongs to another installation: 1 to 3`],
      });
    });

    it('proves records with a former key too, and shows forged ones', async () => {
      const { records } = await written(3);
      const rotated = new Seal(Buffer.from('a newer key'), Buffer.from('the key of this installation'));
      expect(proofOf(records, rotated)).toEqual({
        proof: [`proved by a former key of this worker (${seal.id}): 1 to 3`],
      });
      expect(proofOf(forged(records, 1), rotated).broken).toMatch('the MAC of record 2 is wrong');
      const next = follow(records[2]!, records[2]!, (of) => rotated.mark('shop/test', of));
      expect(next.key).toBe(rotated.id);
      expect(proofOf([...records, next], rotated).proof[1]).toBe(`proved by the key of this worker (${rotated.id}): 4`);
    });

    it('shows a record that was written anew with the right hashes, and a trail that was moved', async () => {
      const { records } = await written(4);
      const anew = forged(records, 1);
      expect(findBreak(anew, undefined)).toBeUndefined();
      expect(proofOf(anew).broken).toMatch('the MAC of record 2 is wrong');
      expect(proofOf(anew).proof).toEqual([]);
      expect(examine('shop/production', records, seal, {}).broken).toMatch('the MAC of record 1 is wrong');
      expect(proofOf(forged(records, 1, other)).proof.join()).toMatch(
        `the key ${other.id} belongs to another installation`,
      );
    });

    it('takes records of before there were MACs, and none without one after them', async () => {
      const { records } = await written(3);
      const plain = records.map(({ key: _key, mac: _mac, ...rest }) => rest);
      expect(proofOf(plain)).toEqual({ proof: ['not proved, as they have no MAC: 1 to 3'] });
      expect(proofOf([...plain.slice(0, 2), records[2]!]).broken).toBeUndefined();
      expect(proofOf([...plain.slice(0, 2), records[2]!]).proof).toEqual([
        `proved by the key of this worker (${seal.id}): 3`,
        'not proved, as they have no MAC: 1 to 2',
      ]);
      expect(proofOf([...records.slice(0, 2), plain[2]!]).broken).toBe(
        'record 3 has no MAC, but earlier records do: it was not written by a worker',
      );
    });

    it('names deployments without a record', async () => {
      const file = newFile();
      const trail = new TrailFile(file, mark);
      for (const deployment of [3, 4, 6, 9]) await trail.append({ ...entry(`e${deployment}`), deployment });
      expect(proofOf(await trail.read()).proof).toContain(
        'without a record, though later ones have theirs: deployments 5, 7 to 8',
      );
    });

    it('is checked against an anchor file, which nobody without the key can add to', async () => {
      const { records } = await written(3);
      const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-anchor-')), 'anchor');
      const anchor = new Anchor(file, seal);
      for (const record of records) await anchor.add('shop/test', record);
      await anchor.add('shop/other', records[0]!);
      await new Anchor(file, other).add('shop/test', { sequence: 9, hash: 'f'.repeat(64) });
      appendFileSync(file, '{"trail":"shop/test","sequence":2,\nnull\n');
      const anchored = await anchor.read('shop/test');
      expect(anchored.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      expect(proofOf(records, seal, { anchored }).proof).toContain('anchored elsewhere: up to record 3');
      expect(proofOf(records.slice(0, 2), seal, { anchored }).broken).toBe(
        'record 3 is missing, but the anchor file has it',
      );
      expect(proofOf((await written(4)).records, seal, { anchored }).broken).toBeUndefined();
    });
  });

  it('is copied to and taken over from folders that the policy allows only, whatever a message asks for', async () => {
    const [dataDir, allowed, other] = ['data', 'allowed', 'other'].map((name) =>
      mkdtempSync(join(tmpdir(), `deploy-code-${name}-`)),
    ) as [string, string, string];
    const policy = { audit: { folders: [allowed] } };
    const trails = new AuditTrails({
      dataDir,
      audit: { seal, isBestEffort: false },
      rules: { policy, sources: new SourceRules(policy, []), dataDir, ownSockets: [], ownVolumes: [] },
    });
    const about = { stack: 'shop', environment: 'test' };
    expect((await trails.append({ ...about, folder: other }, entry('e1'))).troubles).toEqual([
      `the worker's policy does not allow an audit trail in ${other} (rule audit.folders)`,
    ]);
    expect((await trails.append({ ...about, folder: allowed }, entry('e2'))).troubles).toEqual([]);
    expect([readdirSync(other), readdirSync(join(allowed, 'audit', 'shop'))]).toEqual([[], ['test.jsonl']]);
    mkdirSync(join(other, 'audit', 'bank'), { recursive: true });
    writeFileSync(
      join(other, 'audit', 'bank', 'test.jsonl'),
      readFileSync(join(allowed, 'audit', 'shop', 'test.jsonl')),
    );
    expect((await trails.examine({ stack: 'bank', environment: 'test', folder: other }, undefined)).records).toEqual(
      [],
    );
  });

  describe('in a folder that others may write to', () => {
    const about = { stack: 'shop', environment: 'test' };
    const parts = ['audit', 'audit/shop', 'audit/shop/test.jsonl'];
    const newFolder = () => mkdtempSync(join(tmpdir(), 'deploy-code-elsewhere-'));
    const trailsOf = (dataDir: string) => {
      const rules = { policy: {}, sources: new SourceRules({}, []), dataDir, ownSockets: [], ownVolumes: [] };
      return new AuditTrails({ dataDir, audit: { seal, isBestEffort: false }, rules });
    };
    /** Something in the place of a part of the trail's path. */
    const planted = (part: string, plant: (path: string) => void) => {
      const folder = newFolder();
      mkdirSync(join(folder, part, '..'), { recursive: true });
      plant(join(folder, part));
      return folder;
    };
    const linked = (part: string, victim: string) => planted(part, (path) => symlinkSync(join(victim, part), path));
    const pipe = () => planted('audit/shop/test.jsonl', (path) => execFileSync('mkfifo', [path]));
    const huge = () =>
      planted('audit/shop/test.jsonl', (path) => (writeFileSync(path, ''), truncateSync(path, 256 * 1024 * 1024 + 1)));
    const victimOf = () => {
      const victim = newFolder();
      mkdirSync(join(victim, 'audit', 'shop'), { recursive: true });
      writeFileSync(join(victim, 'audit', 'shop', 'test.jsonl'), '');
      return victim;
    };

    it.each(parts)('is not copied through a symbolic link at %s', async (part) => {
      const victim = victimOf();
      const { troubles, sequence } = await trailsOf(victimOf()).append(
        { ...about, folder: linked(part, victim) },
        entry('e1'),
      );
      expect({ troubles, sequence }).toEqual({ troubles: [expect.stringContaining('symbolic link')], sequence: 1 });
      expect(readFileSync(join(victim, 'audit', 'shop', 'test.jsonl'), 'utf8')).toBe('');
      expect(readdirSync(join(victim, 'audit', 'shop'))).toEqual(['test.jsonl']);
    });

    it.each(parts)('is not taken over through a symbolic link at %s', async (part) => {
      const dataDir = newFolder();
      const folder = linked(part, victimOf());
      await expect(trailsOf(dataDir).examine({ ...about, folder }, undefined)).rejects.toThrow('symbolic link');
      expect(readdirSync(dataDir)).toEqual([]);
    });

    it.each<[string, () => string, string]>([
      ['a pipe', pipe, 'is not a regular file; remove it'],
      ['a device', () => planted('audit/shop/test.jsonl', (path) => symlinkSync('/dev/zero', path)), 'symbolic link'],
      [
        'a folder',
        () => planted('audit/shop/test.jsonl', (path) => mkdirSync(path)),
        'is not a regular file; remove it',
      ],
      ['a file of more than 256 MiB', huge, 'is larger than 256 MiB'],
    ])('is neither copied to nor taken over from %s', async (_, plant, expected) => {
      const folder = plant();
      expect((await trailsOf(victimOf()).append({ ...about, folder }, entry('e1'))).troubles).toEqual([
        expect.stringMatching(`${expected}|EISDIR`),
      ]);
      await expect(trailsOf(newFolder()).examine({ ...about, folder }, undefined)).rejects.toThrow(expected);
    });

    it('follows links on the way to the folder that was named', async () => {
      const folder = join(newFolder(), 'link');
      symlinkSync(newFolder(), folder);
      expect((await trailsOf(newFolder()).append({ ...about, folder }, entry('e1'))).troubles).toEqual([]);
      expect((await trailsOf(newFolder()).examine({ ...about, folder }, undefined)).records).toHaveLength(1);
    });

    it.each(['a pipe', 'a folder'])(
      'waits for a lock that is %s until its deadline, and lets the next one have a turn',
      async (what) => {
        const file = newFile();
        const { records } = await written(1);
        mkdirSync(join(file, '..'));
        if (what === 'a pipe') execFileSync('mkfifo', [`${file}.lock`]);
        else mkdirSync(`${file}.lock`);
        await expect(new TrailFile(file, mark).copy(records, AbortSignal.timeout(100))).rejects.toThrow('timeout');
        rmSync(`${file}.lock`, { recursive: true });
        await new TrailFile(file, mark).copy(records, AbortSignal.timeout(5000));
        expect(await new TrailFile(file, mark).read()).toEqual(records);
        expect(readdirSync(join(file, '..'))).toEqual(['test.jsonl']);
      },
    );
  });

  describe('is locked', () => {
    it('for one at a time, also while many take over the lock of a process that died', async () => {
      for (const left of [
        '',
        JSON.stringify({ token: 'x', host: hostname(), pid: 2 ** 22 + 1, started: '1' }),
        JSON.stringify({ token: 'y', host: 'elsewhere', pid: 1, started: '1' }),
      ]) {
        const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-lock-')), 'lock');
        writeFileSync(file, left);
        utimesSync(file, 0, 0);
        let inside = 0;
        let most = 0;
        await Promise.all(
          Array.from({ length: 20 }, () =>
            underLock(file, async () => {
              most = Math.max(most, (inside += 1));
              await new Promise((resolve) => setImmediate(resolve));
              inside -= 1;
            }),
          ),
        );
        expect(most).toBe(1);
        expect(readdirSync(join(file, '..'))).toEqual([]);
      }
    });

    it('by a process that lives for as long as that needs, however old the lock looks', async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-lock-')), 'lock');
      const order: string[] = [];
      let second: Promise<void> | undefined;
      await underLock(file, async () => {
        utimesSync(file, 0, 0);
        second = underLock(file, async () => void order.push('second'));
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        order.push('first');
      });
      await second;
      expect(order).toEqual(['first', 'second']);
    });
  });
});
