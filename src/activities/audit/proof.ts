import type { AuditHead, AuditRecord } from '../../model/audit';
import { findBreak } from './chain';
import type { Seal } from './seal';

/** Evidence about a trail from outside the trail. */
export interface Witnesses {
  /** Its last record as the environment's workflow remembers it. */
  known?: AuditHead;
  /** Records in the anchor file. */
  anchored?: readonly Pick<AuditHead, 'sequence' | 'hash'>[];
}

export interface Proof {
  /** Where the trail is broken, as a sentence; absent if it is intact. */
  broken?: string;
  /** One sentence each for what is proved and what is not. */
  proof: string[];
}

/** Runs all checks of a trail. `trail`: its name, `stack/environment`. */
export function examine(
  trail: string,
  records: readonly AuditRecord[],
  seal: Seal,
  { known, anchored = [] }: Witnesses,
): Proof {
  const broken = findBreak(records, known) ?? findForged(trail, records, seal) ?? findUnlikeAnchor(records, anchored);
  const proof = [
    ...proved(records, seal, broken),
    ...byOtherKeys(records, seal),
    ...unmarked(records),
    ...anchors(anchored),
    ...gaps(records),
  ];
  return { ...(broken !== undefined && { broken }), proof };
}

/** Workers write a MAC with every record: one without, after one with, is forged. */
function findForged(trail: string, records: readonly AuditRecord[], seal: Seal): string | undefined {
  const since = records.findIndex(({ mac }) => mac !== undefined);
  for (const { sequence, hash, key, mac } of since < 0 ? [] : records.slice(since)) {
    if (key === undefined || mac === undefined)
      return `record ${sequence} has no MAC, but earlier records do: it was not written by a worker`;
    if (seal.knows(key) && !seal.proves(trail, hash, { key, mac }))
      return `the MAC of record ${sequence} is wrong: it was not written by a worker of this installation`;
  }
  return undefined;
}

function findUnlikeAnchor(
  records: readonly AuditRecord[],
  anchored: NonNullable<Witnesses['anchored']>,
): string | undefined {
  const unlike = anchored.find(({ sequence, hash }) => records[sequence - 1]?.hash !== hash);
  if (!unlike) return undefined;
  return records[unlike.sequence - 1]
    ? `record ${unlike.sequence} differs from the anchor file`
    : `record ${unlike.sequence} is missing, but the anchor file has it`;
}

function proved(records: readonly AuditRecord[], seal: Seal, broken: string | undefined): string[] {
  if (broken !== undefined) return [];
  return keysOf(records)
    .filter((key) => seal.knows(key))
    .map((key) => {
      const whose = key === seal.id ? 'the key of this worker' : 'a former key of this worker';
      return `proved by ${whose} (${key}): ${rangesOf(writtenWith(key, records))}`;
    });
}

function byOtherKeys(records: readonly AuditRecord[], seal: Seal): string[] {
  return keysOf(records)
    .filter((key) => !seal.knows(key))
    .map(
      (key) =>
        `not proved here, as the key ${key} belongs to another installation: ${rangesOf(writtenWith(key, records))}`,
    );
}

function keysOf(records: readonly AuditRecord[]): string[] {
  return [...new Set(records.flatMap(({ key }) => key ?? []))];
}

function writtenWith(key: string, records: readonly AuditRecord[]): number[] {
  return records.filter((record) => record.key === key).map(({ sequence }) => sequence);
}

function unmarked(records: readonly AuditRecord[]): string[] {
  const without = records.filter(({ mac }) => mac === undefined).map(({ sequence }) => sequence);
  return without.length === 0 ? [] : [`not proved, as they have no MAC: ${rangesOf(without)}`];
}

function anchors(anchored: NonNullable<Witnesses['anchored']>): string[] {
  return anchored.length === 0
    ? []
    : [`anchored elsewhere: up to record ${Math.max(...anchored.map(({ sequence }) => sequence))}`];
}

/** Deployments are numbered without gaps: one without a record was terminated, or its record was lost. */
function gaps(records: readonly AuditRecord[]): string[] {
  const numbers = [...new Set(records.flatMap(({ deployment }) => deployment ?? []))].sort((one, other) => one - other);
  const missing = numbers.slice(1).flatMap((number, index): [number, number][] => {
    const before = numbers[index]!;
    return number > before + 1 ? [[before + 1, number - 1]] : [];
  });
  const isOne = missing.length === 1 && missing[0]![0] === missing[0]![1];
  return missing.length === 0
    ? []
    : [
        'without a record, though later ones have theirs: ' +
          `${isOne ? 'deployment' : 'deployments'} ${rangesText(missing)}`,
      ];
}

/** `1 to 3, 7`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return rangesText(ranges);
}

function rangesText(ranges: readonly [number, number][]): string {
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(', ');
}
