import { createServer } from 'node:http';

/** Serves routes such as `'GET /items': async (body) => answer`, and /healthz; stops politely on SIGTERM. */
export function serve(name, routes, healthy = async () => true) {
  const server = createServer(async (request, response) => {
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, null, 2) + '\n');
    if (request.url === '/healthz') {
      const well = await healthy().catch(() => false);
      return answer(well ? 200 : 503, { service: name, healthy: well });
    }
    const [path, id] = request.url.split('/').slice(1);
    const route = routes[`${request.method} /${path ?? ''}`];
    if (!route) return answer(404, { error: 'not found' });
    try {
      answer(200, await route(await bodyOf(request), id));
    } catch (error) {
      answer(502, { error: error.message });
    }
  });
  server.listen(process.env.PORT, '127.0.0.1', () => console.log(`${name} listens on ${process.env.PORT}`));
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : undefined;
}

/** Asks another service. */
export async function call(base, path, method = 'GET', body) {
  const response = await fetch(`${base}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${base}${path} answered ${response.status}`);
  return response.json();
}
