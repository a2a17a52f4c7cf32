import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isName } from '../../model/names';
import { ApiProblem } from '../problems';

/**
 * Positions in topics, as clients give them back to resume. That of a deployment is the number of an event; that of
 * logs holds the cursor of each instance.
 */

/** By the names of instances: where their next lines begin. */
export type Cursors = Record<string, string>;

/** More characters than this would not fit into the header of a request. */
const longest = 6000;
const mostBytes = 64 * 1024;
/** Inodes and offsets, times to the nanosecond. */
const cursorPattern = /^[0-9A-Za-z:.+-]{0,100}$/;

/** The position of cursors; undefined if there are too many instances for one. */
export function positionOf(cursors: Cursors): string | undefined {
  const sorted = Object.entries(cursors).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = `l${deflateRawSync(JSON.stringify(sorted)).toString('base64url')}`;
  return text.length <= longest ? text : undefined;
}

/** @throws ApiProblem if the text is no position of logs */
export function cursorsOf(position: string): Cursors {
  const entries = position.length <= longest ? entriesIn(position) : undefined;
  if (entries) return Object.fromEntries(entries);
  throw notAPosition();
}

/** The number of an event. @throws ApiProblem if the text is none */
export function numberOf(position: string): number {
  if (/^[0-9]{1,9}$/.test(position)) return Number(position);
  throw notAPosition();
}

function notAPosition(): ApiProblem {
  return new ApiProblem('bad_input', 'this is not a position in the topic', {
    advice: 'send the id of the last message that you have, as it was',
  });
}

function entriesIn(position: string): [string, string][] | undefined {
  if (!/^l[A-Za-z0-9_-]*$/.test(position)) return undefined;
  try {
    const packed = Buffer.from(position.slice(1), 'base64url');
    const entries = JSON.parse(inflateRawSync(packed, { maxOutputLength: mostBytes }).toString()) as unknown;
    return Array.isArray(entries) && entries.every(isEntry) ? entries : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is [string, string] {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [instance, cursor] = entry as unknown[];
  return isName('instance', instance) && typeof cursor === 'string' && cursorPattern.test(cursor);
}
