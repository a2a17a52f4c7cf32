import { createApiServer } from '../../src/api';
import { ApiEngine } from '../support/api-engine';

describe('the page to try the API', () => {
  let app: Awaited<ReturnType<typeof createApiServer>>;
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { host: '127.0.0.1', ...headers } });

  beforeAll(async () => {
    const host = { bound: '127.0.0.1', allowed: [] };
    app = await createApiServer({ client: new ApiEngine().client, host, version: '0', onFailure: () => undefined });
  });
  afterAll(() => app.close());

  it('is open, and has everything that it needs, from this server', async () => {
    const { statusCode, body, headers } = await get('/docs');
    expect(statusCode).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self';");
    const files = [...body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address!);
    expect(files.length).toBe(5);
    expect(body).not.toMatch(/<script(?![^>]*src=)|https?:/);
    for (const file of files) {
      const { statusCode: found, headers: own } = await get(file);
      expect([file, found]).toEqual([file, 200]);
      expect((await get(file, { 'if-none-match': own.etag as string })).statusCode).toBe(304);
    }
  });

  it.each(['/docs/package.json', '/docs/..%2fpackage.json', '/docs/__proto__', '/docs/', '/docs/index.html'])(
    'has no file %s',
    async (url) => {
      expect([401, 404]).toContain((await get(url)).statusCode);
    },
  );

  it('is not there for another host', async () => {
    expect((await get('/docs', { host: 'evil.example' })).statusCode).toBe(400);
  });
});
