import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { prefix } from '../description';
import { tagOf } from '../etags';
import { addPageHeaders } from '../headers';
import { ApiProblem } from '../problems';

/**
 * The page to try the API. It is open, like the description that it shows; what it calls needs a token. Its files are
 * those of `@fastify/swagger-ui`, whose own routes would take a fifth of the time in which a server starts.
 */

const path = '/docs';
const longestAge = 3600;

/** The page has what it needs from this server, and talks to no other. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // The page sets styles of single elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';');

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';
const types: Record<string, string> = {
  'swagger-ui-bundle.js': script,
  'swagger-ui.css': style,
  'index.css': style,
  'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>The API of deploy-code</title>
    <link rel="stylesheet" href="${path}/swagger-ui.css" />
    <link rel="stylesheet" href="${path}/index.css" />
    <link rel="icon" type="image/png" href="${path}/favicon-32x32.png" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${path}/swagger-ui-bundle.js"></script>
    <script src="${path}/start.js"></script>
  </body>
</html>
`;

/** Without a validator, which would be a server of others. */
const start = `SwaggerUIBundle(${JSON.stringify({
  url: `${prefix}/openapi.json`,
  dom_id: '#swagger-ui',
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'none',
  supportedSubmitMethods: ['get', 'post', 'put', 'delete'],
})});
`;

/** Adds the page and its files. */
export async function addDocsPage(app: FastifyInstance): Promise<void> {
  await app.register(async (pages) => {
    await addPageHeaders(pages);
    addRoutes(pages);
  });
}

function addRoutes(pages: FastifyInstance): void {
  const options = { config: { action: 'open' }, schema: { hide: true }, exposeHeadRoute: false } as const;
  pages.get(path, options, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page),
  );
  pages.get(`${path}/:file`, options, async (request, reply) => {
    const { file } = request.params as { file: string };
    const { type, content, tag } = await fileOf(file);
    void reply.type(type).headers({ etag: tag, 'cache-control': `max-age=${longestAge}` });
    return request.headers['if-none-match'] === tag ? reply.code(304).send() : reply.send(content);
  });
}

interface File {
  type: string;
  content: Buffer;
  tag: string;
}
const files = new Map<string, Promise<File>>();

/** A file of the page, and no other one. @throws ApiProblem */
function fileOf(name: string): Promise<File> {
  const type = name === 'start.js' ? script : Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) throw new ApiProblem('not_found', 'there is nothing at this address');
  const known = files.get(name) ?? read(name, type);
  files.set(name, known);
  known.catch(() => files.delete(name));
  return known;
}

async function read(name: string, type: string): Promise<File> {
  const folder = join(dirname(require.resolve('@fastify/swagger-ui/package.json')), 'static');
  const content = name === 'start.js' ? Buffer.from(start) : await readFile(join(folder, name));
  return { type, content, tag: tagOf(content) };
}
