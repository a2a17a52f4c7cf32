import type { AuditTrail } from '../../model/audit';
import type { Transport } from './transport';

/** Most entries of a page. */
const pageSize = 200;
const recordsPerPage = 1000;

/** A list of the server, with all its pages; `most` entries if there are more. */
export async function pagesOf<T>(transport: Transport, path: string, name: string, most = Infinity): Promise<T[]> {
  const entries: T[] = [];
  for (let cursor: string | undefined; ;) {
    const limit = Math.min(pageSize, most - entries.length);
    const query = { limit, ...(cursor !== undefined && { cursor }) };
    const page: { next?: string; [list: string]: unknown } = await transport.ask('GET', path, { query });
    entries.push(...(page[name] as T[]));
    cursor = page.next;
    if (cursor === undefined || entries.length >= most) return entries;
  }
}

/** The last records of an audit trail, oldest first, however many pages of the server they are. */
export async function trailOf(transport: Transport, path: string, last: number): Promise<AuditTrail> {
  const records: AuditTrail['records'] = [];
  let newest: Omit<AuditTrail, 'records'> | undefined;
  for (let cursor: string | undefined; ;) {
    const query = { last: Math.min(recordsPerPage, last - records.length), ...(cursor !== undefined && { cursor }) };
    const { next, ...page } = await transport.ask<AuditTrail & { next?: string }>('GET', path, { query });
    newest ??= page;
    records.unshift(...page.records);
    cursor = next;
    if (cursor === undefined || records.length >= last) return { ...newest, records };
  }
}
