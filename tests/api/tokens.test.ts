import { newApiToken, parseApiToken } from '../../src/guard/access/api-token';
import { AccessDirectory } from '../../src/api/access/directory';
import type { AccessState } from '../../src/workflows/messages';

describe('an API token', () => {
  it('is known by its digest, which does not contain it', () => {
    const { text, id, digest } = newApiToken();
    expect(parseApiToken(text)).toEqual({ id, digest });
    expect(text).toMatch(/^dct_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(text).not.toContain(digest);
    expect(newApiToken().text).not.toBe(text);
  });

  it.each([
    ['mistyped', (text: string) => text.replace(/_([0-9a-f])/, (_, digit) => `_${digit === '0' ? '1' : '0'}`)],
    ['cut', (text: string) => text.slice(0, -1)],
    ['longer', (text: string) => `${text}0`],
    ['in capitals', (text: string) => text.toUpperCase()],
    ['with a line break', (text: string) => `${text}\n`],
  ])('that is %s is none', (_, change) => {
    expect(parseApiToken(change(newApiToken().text))).toBeUndefined();
  });
});

/** A source whose state tests change, and whose time they pass. */
function world() {
  let at = 0;
  let reads = 0;
  let failure: Error | undefined;
  let held: Promise<void> | undefined;
  const uses: Record<string, number>[] = [];
  const state: AccessState = { bindings: [], tokens: {} };
  const directory = new AccessDirectory(
    {
      state: async () => {
        reads += 1;
        if (failure) throw failure;
        const read = structuredClone(state);
        await held;
        return read;
      },
      recordUses: async (each) => void uses.push(each),
      sessions: { find: async () => undefined },
    },
    () => undefined,
    {
      elapsed: () => at,
      pause: async (ms) => {
        const end = at + ms;
        await Promise.resolve();
        at = Math.max(at, end);
      },
    },
  );
  const add = (subject: string, more: Partial<AccessState['tokens'][string]> = {}) => {
    const { id, digest, text } = newApiToken();
    state.tokens[id] = { subject, digest, by: 'ana', at: 0, ...more };
    return { id, text };
  };
  return {
    directory,
    state,
    add,
    uses,
    reads: () => reads,
    pass: (ms: number) => void (at += ms),
    elapsed: () => at,
    fail: (error: Error | undefined) => void (failure = error),
    /** The next answers are of now, but come later; the function lets them come. */
    hold: () => {
      let release = () => undefined as void;
      held = new Promise((done) => (release = done));
      return () => (release(), (held = undefined));
    },
  };
}

describe('the directory of a server', () => {
  it('knows the owner of a token, their roles and the limit of the token', async () => {
    const { directory, state, add } = world();
    const limit = { role: 'viewer', scope: 'shop' } as const;
    const { id, text } = add('service:ci', { limit });
    state.bindings.push(
      { subject: 'service:ci', role: 'operator', scope: 'shop', by: 'ana', at: 0 },
      { subject: 'service:other', role: 'admin', scope: '*', by: 'ana', at: 0 },
    );
    expect(await directory.authenticate(text)).toMatchObject({
      subject: 'service:ci',
      token: id,
      roles: [{ role: 'operator', scope: 'shop' }],
      limit,
    });
  });

  it('refuses what is unknown, has another secret, or has ended', async () => {
    const { directory, add } = world();
    const known = add('service:ci');
    const other = newApiToken();
    expect(await directory.authenticate(other.text)).toBeUndefined();
    expect(await directory.authenticate(forged(known.id))).toBeUndefined();
    const ends = add('service:ci', { until: 1000 });
    directory.forget();
    expect(await directory.authenticate(ends.text, 999)).toBeDefined();
    expect(await directory.authenticate(ends.text, 1000)).toBeUndefined();
  });

  it('refuses a token within five seconds after it was revoked elsewhere, and reads seldom', async () => {
    const { directory, state, add, pass, reads } = world();
    const { id, text } = add('service:ci');
    for (let request = 0; request < 100; request += 1) expect(await directory.authenticate(text)).toBeDefined();
    expect(reads()).toBe(1);
    delete state.tokens[id];
    pass(5000);
    expect(await directory.authenticate(text)).toBeUndefined();
    // Once more, since it could be a new one.
    expect(reads()).toBe(3);
  });

  it('knows a new token at once, and does not read at the pace of somebody who tries many', async () => {
    const { directory, add, reads, elapsed } = world();
    expect(await directory.authenticate(add('service:ci').text)).toBeDefined();
    expect(await directory.authenticate(add('service:cd').text)).toBeDefined();
    const [known, at] = [reads(), elapsed()];
    const attempts = Array.from({ length: 100 }, () => directory.authenticate(newApiToken().text));
    expect((await Promise.all(attempts)).filter(Boolean)).toEqual([]);
    expect(reads() - known).toBe(1);
    for (let attempt = 0; attempt < 10; attempt += 1)
      expect(await directory.authenticate(newApiToken().text)).toBeUndefined();
    expect(reads() - known).toBeLessThanOrEqual((elapsed() - at) / 250);
  });

  it('knows a token that was made while it looked', async () => {
    const { directory, add, pass, hold } = world();
    const { text } = add('service:ci');
    expect(await directory.authenticate(text)).toBeDefined();
    pass(3000);
    const release = hold();
    expect(await directory.authenticate(text)).toBeDefined();
    pass(10);
    const found = directory.authenticate(add('service:cd').text);
    release();
    expect(await found).toBeDefined();
  });

  it('refuses everybody once it cannot know any more who is allowed', async () => {
    const { directory, add, pass, fail } = world();
    const { text } = add('service:ci');
    expect(await directory.authenticate(text)).toBeDefined();
    fail(new Error('Temporal is away'));
    pass(3000);
    expect(await directory.authenticate(text)).toBeDefined();
    pass(2000);
    await expect(directory.authenticate(text)).rejects.toThrow('Temporal is away');
    fail(undefined);
    expect(await directory.authenticate(text)).toBeDefined();
  });

  it('does not keep what it read before a change through it', async () => {
    const { directory, state, add } = world();
    const { id, text } = add('service:ci');
    expect(await directory.authenticate(text)).toBeDefined();
    delete state.tokens[id];
    directory.forget();
    expect(await directory.authenticate(text)).toBeUndefined();
  });

  it('records the uses of tokens together', async () => {
    const { directory, add, uses } = world();
    const { id, text } = add('service:ci');
    await directory.authenticate(text, 5);
    await directory.authenticate(text, 7);
    await directory.close();
    await directory.close();
    expect(uses).toEqual([{ [id]: 7 }]);
  });
});

/** A well-formed token with the id of another one. */
function forged(id: string): string {
  for (;;) {
    const { text } = newApiToken();
    const body = `dct_${id}_${text.split('_')[2]}`;
    const check = require('node:crypto')
      .createHash('sha256')
      .update(`deploy-code token ${body}`)
      .digest('hex')
      .slice(0, 8) as string;
    return `${body}_${check}`;
  }
}
