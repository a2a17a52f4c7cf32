import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isKnown, tagOf } from '../etags';
import { addPageHeaders } from '../headers';

/**
 * The dashboard: one page for all its addresses, and its files. They are open, and contain no data: the page asks the
 * API, with the session of the user.
 */

const builtFolder = join(__dirname, '..', '..', '..', 'dist', 'dashboard');
const addresses = ['/', '/environments/*'];
const longestAge = 31_536_000;

/** The page loads from this server only, and runs no inline script. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';');

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

interface File {
  type: string;
  tag: string;
  content: Buffer;
  /** Compressed when the dashboard was built. */
  gzip?: Buffer;
}

/** Adds the page and its files; nothing if the dashboard was not built. */
export async function addDashboard(app: FastifyInstance, folder = builtFolder): Promise<void> {
  const names = namesIn(folder);
  const files = new Map<string, File>();
  const fileOf = (name: string): File => {
    const file = files.get(name) ?? read(folder, name);
    files.set(name, file);
    return file;
  };
  if (!names.includes('index.html')) return;
  await app.register(async (pages) => {
    await addPageHeaders(pages);
    const options = { config: { action: 'open' }, schema: { hide: true }, exposeHeadRoute: false } as const;
    for (const address of addresses)
      pages.get(address, options, (request, reply) =>
        send(request, reply, fileOf('index.html'), { age: 'no-cache', isPage: true }),
      );
    for (const name of names.filter((each) => each.startsWith('assets/')))
      pages.get(`/${name}`, options, (request, reply) =>
        send(request, reply, fileOf(name), { age: `public, max-age=${longestAge}, immutable` }),
      );
  });
}

/** True for the address of a page of the dashboard. */
export function isOfDashboard(path: string): boolean {
  return addresses.some((each) => (each.endsWith('*') ? path.startsWith(each.slice(0, -1)) : path === each));
}

/** Files by their paths within a folder, without those that are compressed. */
function namesIn(of: string): string[] {
  try {
    return readdirSync(of, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => Object.hasOwn(types, endingOf(name)));
  } catch {
    return [];
  }
}

function send(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, tag, content, gzip }: File,
  { age, isPage = false }: { age: string; isPage?: boolean },
): FastifyReply {
  void reply.type(type).headers({ etag: tag, 'cache-control': age, vary: 'accept-encoding' });
  if (isPage) void reply.header('content-security-policy', policy);
  if (isKnown(headers['if-none-match'], tag)) return reply.code(304).send();
  const isZipped = gzip && /\bgzip\b/.test(String(headers['accept-encoding']));
  return isZipped ? reply.header('content-encoding', 'gzip').send(gzip) : reply.send(content);
}

function read(folder: string, name: string): File {
  const content = readFileSync(join(folder, name));
  const gzip = contentOf(join(folder, `${name}.gz`));
  return { type: types[endingOf(name)]!, tag: tagOf(content), content, ...(gzip && { gzip }) };
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
