import { createApiServer } from '../../src/api';
import { cursorOf, keyIn, pageOf } from '../../src/api/pages';
import fc from 'fast-check';
import { ApiEngine } from '../support/api-engine';

describe('pages', () => {
  it('have every entry once, in order, also while entries come and go', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 });
    const sorted = (given: number[], newestFirst: boolean) =>
      [...given].sort((one, other) => (newestFirst ? other - one : one - other));
    fc.assert(
      fc.property(keys, keys, fc.integer({ min: 1, max: 20 }), fc.boolean(), (stay, change, limit, newestFirst) => {
        const seen: number[] = [];
        const others = change.filter((each) => !stay.includes(each));
        for (let cursor: string | undefined, round = 0; ; round += 1) {
          const now = sorted([...stay, ...(round % 2 === 0 ? others : [])], newestFirst);
          const answer = pageOf(now, (each) => each, { limit, ...(cursor !== undefined && { cursor }) }, newestFirst);
          expect(answer.page.length).toBeLessThanOrEqual(limit);
          seen.push(...answer.page);
          cursor = answer.next;
          if (cursor === undefined) break;
        }
        expect(seen).toEqual(sorted(seen, newestFirst));
        expect(new Set(seen).size).toBe(seen.length);
        expect(sorted(stay, newestFirst)).toEqual(seen.filter((each) => stay.includes(each)));
      }),
    );
  });

  it('take no cursor that is none', () => {
    expect(keyIn(cursorOf('shop/production'))).toBe('shop/production');
    for (const text of [
      '',
      'x',
      'W10',
      Buffer.from('[{}]').toString('base64url'),
      Buffer.from('[1,2]').toString('base64url'),
    ])
      expect(() => keyIn(text)).toThrow('this is not a cursor');
  });
});

describe('lists', () => {
  const engine = new ApiEngine();
  let app: Awaited<ReturnType<typeof createApiServer>>;
  let admin: string;
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({
      url: `/api/v1${path}`,
      headers: { host: '127.0.0.1', authorization: `Bearer ${admin}`, ...headers },
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  };
  const all = async (path: string, name: string) => {
    const entries: unknown[] = [];
    for (let query = '?limit=2', pages = 0; ; pages += 1) {
      const { status, text } = await get(`${path}${query}`);
      expect(status).toBe(200);
      const { next, ...body } = JSON.parse(text) as { next?: string; [list: string]: unknown };
      entries.push(...(body[name] as unknown[]));
      if (next === undefined) return { entries, pages: pages + 1 };
      query = `?limit=2&cursor=${next}`;
    }
  };

  beforeAll(async () => {
    admin = engine.token([{ role: 'admin', scope: '*' }]);
    for (const stack of ['shop', 'blog', 'mail', 'wiki', 'chat'])
      engine.deploy(stack, 'production', { releases: [1, 2, 3] });
    app = await createApiServer({
      client: engine.client,
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      onFailure: (error) => void engine.failures.push(error),
    });
  });
  afterAll(async () => {
    await app.close();
    expect(engine.failures).toEqual([]);
  });

  it.each([
    ['/environments', 'environments', 5],
    ['/environments/shop/production/releases', 'releases', 3],
    ['/access/roles', 'roles', 1],
    ['/access/tokens', 'tokens', 1],
  ])('%s come in pages', async (path, name, count) => {
    const { entries, pages } = await all(path, name);
    expect(new Set(entries.map((each) => JSON.stringify(each))).size).toBe(count);
    expect([entries.length, pages]).toEqual([count, Math.ceil(count / 2)]);
  });

  it.each([
    '?limit=0',
    '?limits=5',
    '?limit=201',
    '?limit=x',
    '?cursor=',
    '?cursor=%2f',
    `?cursor=${'A'.repeat(501)}`,
    '?cursor=AAAA',
  ])('are refused with %.20s', async (query) => {
    expect((await get(`/environments${query}`)).status).toBe(400);
  });

  it('are not sent again to somebody who has them', async () => {
    const { headers, text } = await get('/environments');
    expect(headers).toMatchObject({ 'cache-control': 'private, no-cache', etag: expect.any(String) as string });
    const tag = headers.etag as string;
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const answer = await get('/environments', { 'if-none-match': known });
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', tag]);
    }
    expect(await get('/environments', { 'if-none-match': '"x"' })).toMatchObject({ status: 200, text });
    engine.deploy('new', 'production');
    expect((await get('/environments', { 'if-none-match': tag })).status).toBe(200);
  });

  it('have the headers of every answer also where they come from memory', async () => {
    await get('/whoami');
    const [answer, other] = [await get('/whoami'), await get('/environments')];
    const varying = ['content-length', 'etag', 'date'];
    const common = ({ headers }: typeof answer) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !varying.includes(name)));
    expect(common(answer)).toEqual(common(other));
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
    const tag = answer.headers.etag as string;
    const again = await get('/whoami', { 'if-none-match': tag });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', tag]);
    expect(again.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-cache' });
    expect((await get('/whoami', { 'if-none-match': '"x"' })).text).toBe(answer.text);
  });

  it('have no tag where they are a refusal', async () => {
    const { status, headers } = await get('/environments/none/production');
    expect([status, headers.etag]).toEqual([404, undefined]);
  });
});
