import { isOfDashboard } from '../../web/dashboard';

const longest = 1500;

/** Pages that a log-in leads back to. */
const pages = new Set(['/auth/authorize', '/device', '/login']);

/** Where a log-in leads back to: a page of this server and nothing else; undefined for every other text. */
export function returnPath(text: unknown, origin: string): string | undefined {
  if (typeof text !== 'string' || text.length > longest || !/^\/[\x21-\x7e]*$/.test(text)) return undefined;
  if (!URL.canParse(text, origin)) return undefined;
  const url = new URL(text, origin);
  if (url.origin !== origin || !(pages.has(url.pathname) || isOfDashboard(url.pathname))) return undefined;
  return `${url.pathname}${url.search}`;
}
