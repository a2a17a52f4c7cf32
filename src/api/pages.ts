import { z } from 'zod';
import type { AuditTrail } from '../model/audit';
import { ApiProblem } from './problems';

/** Lists in pages. A cursor is the key of the last entry that a client has: entries that come and go move no page. */

const longestCursor = 500;
const mostEntries = 200;

/** The query of a list with pages. */
export function pageQuery(usual = 50) {
  return z.object({
    limit: z.coerce.number().int().min(1).max(mostEntries).default(usual).describe('most entries of the answer'),
    cursor: z
      .string()
      .max(longestCursor)
      .regex(/^[A-Za-z0-9_-]+$/, 'send the "next" of an answer, as it was')
      .optional()
      .describe('the `next` of the answer before'),
  });
}

/** In answers: absent on the last page. */
export const next = { next: z.string().optional().describe('cursor of the next page; absent on the last one') };

type Key = string | number;

export interface PageRequest {
  limit: number;
  cursor?: string;
}

/** One page of entries that are in the order of their keys, from low to high unless `newestFirst`. */
export function pageOf<T>(
  entries: readonly T[],
  keyOf: (entry: T) => Key,
  { limit, cursor }: PageRequest,
  newestFirst = false,
): { page: T[]; next?: string } {
  const last = cursor === undefined ? undefined : keyIn(cursor);
  const isAfter = (key: Key) => last === undefined || (newestFirst ? key < last : key > last);
  const rest = entries.filter((entry) => isAfter(keyOf(entry)));
  const page = rest.slice(0, limit);
  return { page, ...(rest.length > page.length && { next: cursorOf(keyOf(page.at(-1)!)) }) };
}

export function cursorOf(key: Key): string {
  return Buffer.from(JSON.stringify([key])).toString('base64url');
}

/** @throws ApiProblem if the text is no cursor */
export function keyIn(cursor: string): Key {
  try {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    const [key] = Array.isArray(parts) && parts.length === 1 ? (parts as unknown[]) : [];
    if (typeof key === 'string' || Number.isSafeInteger(key)) return key as Key;
  } catch {
    // It is no cursor of this server.
  }
  throw new ApiProblem('bad_input', 'this is not a cursor', { advice: 'send the "next" of an answer, as it was' });
}

const mostRecords = 1000;

/** What asks for a page of an audit trail, from the last records backwards. */
export const auditQuery = z.object({
  last: z.coerce.number().int().min(1).max(mostRecords).default(50).describe('most records of the answer'),
  cursor: pageQuery().shape.cursor,
});

/** The last records before a cursor, oldest first; the number of the first one is the next cursor. */
export async function auditPage(
  { last, cursor }: z.output<typeof auditQuery>,
  read: (last: number, before?: number) => Promise<AuditTrail>,
): Promise<AuditTrail & { next?: string }> {
  const trail = await read(last, cursor === undefined ? undefined : numberIn(cursor));
  const first = trail.records[0]?.sequence ?? 0;
  return { ...trail, ...(first > 1 && { next: cursorOf(first) }) };
}

/** @throws ApiProblem if the cursor is none of an audit trail */
function numberIn(cursor: string): number {
  const number = Number(keyIn(cursor));
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new ApiProblem('bad_input', 'this is not a cursor of an audit trail');
}
