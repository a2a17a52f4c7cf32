import type { Transport } from './transport';

/** Most entries of a page. */
const pageSize = 200;

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
