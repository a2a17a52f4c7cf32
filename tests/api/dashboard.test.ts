import { gunzipSync } from 'node:zlib';
import { createApiServer } from '../../src/api';
import { emptyAccess } from '../../src/config/access';
import { ApiEngine } from '../support/api-engine';

const externalUrl = 'http://127.0.0.1';
const people = { externalUrl, declared: () => emptyAccess };

describe('the files of the dashboard', () => {
  const engine = new ApiEngine();
  const serverOf = (more: object) =>
    createApiServer({
      client: engine.client,
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      onFailure: (error) => void engine.failures.push(error),
      ...more,
    });
  let app: Awaited<ReturnType<typeof serverOf>>;
  beforeAll(async () => void (app = await serverOf({ people })));
  afterAll(() => app.close());
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'GET', url, headers: { host: '127.0.0.1', ...headers } });

  it('are one page at each of its addresses, which runs nothing but its own files', async () => {
    for (const url of ['/', '/environments/shop/production', '/environments/shop/production/deployments/3']) {
      const { statusCode, headers, body } = await get(url);
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['cache-control']).toBe('no-cache');
      expect(body).not.toMatch(/<script>|<style|https?:\/\//);
    }
    expect((await get('/elsewhere')).statusCode).toBe(401);
  });

  it('are sent compressed to whoever can read that, and kept by their names', async () => {
    const script = /src="(\/assets\/[^"]+\.js)"/.exec((await get('/')).body)![1]!;
    const plain = await get(script);
    const zipped = await get(script, { 'accept-encoding': 'gzip, br' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(zipped.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': expect.stringContaining('immutable'),
    });
    expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true);
    const again = await get(script, { 'if-none-match': String(plain.headers.etag) });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect((await get('/assets/../index.html')).statusCode).toBe(401);
    expect((await get('/assets/%2e%2e/licenses.txt')).statusCode).toBe(401);
  });

  it('are not there where nobody can log in', async () => {
    const closed = await serverOf({});
    expect((await closed.inject({ method: 'GET', url: '/', headers: { host: '127.0.0.1' } })).statusCode).not.toBe(200);
    await closed.close();
  });
});
