import { createHash } from 'node:crypto';
import type { AuditEntry, AuditHead, AuditRecord } from '../../model/audit';
import type { Marking } from './trail';

/** The `previous` hash of the first record. */
export const origin = '0'.repeat(64);

/** Builds the record that follows another. */
export function follow(
  last: AuditHead | undefined,
  { id, at, by, from, what, why, result, deployment }: AuditEntry,
  mark: Marking,
): AuditRecord {
  const record = {
    sequence: (last?.sequence ?? 0) + 1,
    id,
    at,
    by,
    from,
    what,
    why,
    result,
    deployment,
    previous: last?.hash ?? origin,
  };
  const hash = hashOf(record);
  return { ...record, hash, ...mark(hash) };
}

/**
 * Describes where a trail is broken; undefined if it is intact. `known`: its last record as the environment remembers
 * it.
 */
export function findBreak(records: readonly AuditRecord[], known: AuditHead | undefined): string | undefined {
  let last: AuditHead | undefined;
  for (const record of records) {
    const { hash, ...rest } = record;
    if (record.sequence !== (last?.sequence ?? 0) + 1)
      return `record ${record.sequence} follows record ${last?.sequence ?? 0}: records are missing or were moved`;
    if (record.previous !== (last?.hash ?? origin) || hashOf(rest) !== hash)
      return `record ${record.sequence} or the one before it was changed`;
    last = record;
  }
  if (!known) return undefined;
  const same = records[known.sequence - 1];
  if (!same)
    return (
      `the trail has ${records.length} ${records.length === 1 ? 'record' : 'records'}, but the environment ` +
      `remembers ${known.sequence}: the last ones are missing`
    );
  return same.hash === known.hash
    ? undefined
    : `record ${known.sequence} differs from the one that the environment remembers: the trail was rewritten`;
}

function hashOf({
  sequence,
  id,
  at,
  by,
  from,
  what,
  why,
  result,
  deployment,
  previous,
}: Omit<AuditRecord, 'hash'>): string {
  return createHash('sha256')
    .update(
      JSON.stringify([sequence, id, at, by, from ?? null, what, why ?? null, result, deployment ?? null, previous]),
    )
    .digest('hex');
}
