import {
  newSessionToken,
  nextSessionToken,
  parseSessionToken,
  type SessionToken,
} from '../../src/guard/access/session-token';
import type { SignIn } from '../../src/client/access/sign-in';
import { lifetimes } from '../../src/model/access';
import { sessionLimits } from '../../src/workflows/messages';
import { AccessWorld } from '../support/people';

const person = { subject: 'user:ana', groups: ['ops'], method: 'oidc company' };
const secretsOf = ({ id, family, digest }: SessionToken) => ({ id, family, digest });

async function opened(world: AccessWorld, kind: 'browser' | 'command-line' = 'command-line', subject = 'user:ana') {
  const token = newSessionToken(kind);
  await world.sessions.open({ ...secretsOf(token), ...person, subject, kind });
  return token;
}
const refresh = (world: AccessWorld, text: string) => {
  const next = nextSessionToken(text);
  const refreshed = world.sessions.refresh({
    ...secretsOf(parseSessionToken('command-line', text)!),
    next: next.digest,
  });
  return refreshed.then((answer) => ({ answer, text: next.text }));
};

describe('the token of a session', () => {
  it('keeps its session and its first half, and is known by digests that do not contain it', () => {
    const first = newSessionToken('command-line');
    const next = nextSessionToken(first.text);
    expect([next.id, next.family]).toEqual([first.id, first.family]);
    expect(next.digest).not.toBe(first.digest);
    expect(first.text).toMatch(/^dcr_[0-9a-f]{16}_[0-9a-f]{128}_[0-9a-f]{8}$/);
    expect(parseSessionToken('command-line', first.text)).toEqual(secretsOf(first));
    expect(parseSessionToken('browser', first.text)).toBeUndefined();
    for (const broken of [first.text.slice(1), `${first.text}0`, `${first.text}\n`, first.text.replace(/.$/, 'g')])
      expect(parseSessionToken('command-line', broken)).toBeUndefined();
  });
});

describe('a session', () => {
  afterEach(() => jest.restoreAllMocks());
  const pass = (ms: number) => {
    const later = Date.now() + ms;
    jest.spyOn(Date, 'now').mockReturnValue(later);
  };

  it('is kept with digests only, and is in the audit trail', async () => {
    const world = new AccessWorld();
    const { text, id } = await opened(world);
    expect(JSON.stringify(world.state)).not.toContain(text.split('_')[2]!.slice(0, 64));
    expect(JSON.stringify(world.state)).not.toContain(text.split('_')[2]!.slice(64));
    expect(world.records).toEqual([expect.stringContaining(`access session ${id} of user:ana by oidc company`)]);
    const [line] = await world.sessions.list('user:ana');
    expect(line).toMatchObject({ id, subject: 'user:ana', groups: ['ops'], method: 'oidc company' });
    expect(line).not.toHaveProperty('digest');
    expect(line).not.toHaveProperty('family');
    expect(await world.sessions.list('user:bob')).toEqual([]);
  });

  it('goes on with a new token at each refresh', async () => {
    const world = new AccessWorld();
    let { text } = await opened(world);
    for (let time = 0; time < 3; time += 1) {
      const { answer, text: next } = await refresh(world, text);
      expect(answer).toMatchObject({ grant: { subject: 'user:ana', groups: ['ops'] } });
      text = next;
    }
  });

  it('ends when an old token of it is used again, and the audit trail says so', async () => {
    const world = new AccessWorld();
    const { text, id } = await opened(world);
    const { text: next } = await refresh(world, text);
    expect((await refresh(world, text)).answer).toEqual({ problem: 'reused' });
    expect((await refresh(world, next)).answer).toEqual({ problem: 'unknown' });
    expect(world.state.revoked).toHaveProperty(id);
    expect(world.records.at(-1)).toContain(`access revoke session ${id} of user:ana: a token was used twice`);
  });

  it('ends with all others of its subject, and so does what is about to become one', async () => {
    const world = new AccessWorld();
    const mine = [await opened(world), await opened(world, 'browser')];
    const theirs = await opened(world, 'command-line', 'user:bo');
    const signIn = world.access.signIn as SignIn;
    const binding = 'b'.repeat(64);
    const issue = (digest: string, subject: string) => signIn.issueCode({ digest, binding, ...person, subject });
    const redeem = (code: string) =>
      signIn.redeemCode({ code, binding, ...secretsOf(newSessionToken('command-line')) });
    await issue('1'.repeat(64), 'user:ana');
    await issue('2'.repeat(64), 'user:bo');
    await world.sessions.endAllOf('user:ana');
    expect(Object.keys(world.state.sessions ?? {})).toEqual([theirs.id]);
    for (const { id } of mine) expect(world.state.revoked).toHaveProperty(id);
    expect(world.records.at(-1)).toContain('access revoke all sessions of user:ana');
    expect(await redeem('1'.repeat(64))).toEqual({ problem: 'unknown' });
    expect(await redeem('2'.repeat(64))).toMatchObject({ grant: { subject: 'user:bo' } });
  });

  it('is not ended by somebody who only knows its id', async () => {
    const world = new AccessWorld();
    const { text, id } = await opened(world);
    const guess = newSessionToken('command-line');
    const answer = await world.sessions.refresh({ ...secretsOf(guess), id, next: guess.digest });
    expect(answer).toEqual({ problem: 'unknown' });
    expect((await refresh(world, text)).answer).toHaveProperty('grant');
  });

  it('of a browser is never refreshed', async () => {
    const world = new AccessWorld();
    const token = await opened(world, 'browser');
    const answer = await world.sessions.refresh({ ...secretsOf(token), next: token.digest });
    expect(answer).toEqual({ problem: 'unknown' });
  });

  it('ends twelve hours after the last refresh', async () => {
    const world = new AccessWorld();
    const { text } = await opened(world);
    pass(lifetimes.idle - 1000);
    const { text: next, answer } = await refresh(world, text);
    expect(answer).toHaveProperty('grant');
    pass(lifetimes.idle);
    expect((await refresh(world, next)).answer).toEqual({ problem: 'unknown' });
    expect(await world.sessions.list()).toEqual([]);
  });

  it('ends after thirty days, however often it is refreshed', async () => {
    const world = new AccessWorld();
    let { text } = await opened(world);
    let refreshes = 0;
    for (; ; refreshes += 1) {
      pass(lifetimes.idle - 1000);
      const { answer, text: next } = await refresh(world, text);
      if ('problem' in answer) break;
      text = next;
    }
    expect(refreshes).toBe(60);
  });

  it('is one of a bounded number: the one that was not used for the longest time ends', async () => {
    const world = new AccessWorld();
    const first = await opened(world);
    for (let count = 1; count < sessionLimits.perSubject + 5; count += 1) {
      pass(1);
      await opened(world);
    }
    expect(await world.sessions.list()).toHaveLength(sessionLimits.perSubject);
    expect(world.state.revoked).toHaveProperty(first.id);
    expect(Object.keys(world.state.revoked!)).toHaveLength(5);
  });

  it('is refused when the installation has no room for it', async () => {
    const world = new AccessWorld();
    const session = Object.values((await opened(world), world.state.sessions!))[0]!;
    const many = Array.from({ length: sessionLimits.count }, (_, index) => [
      index.toString(16).padStart(16, '0'),
      { ...session, groups: [], subject: `user:u${index}` },
    ]);
    world.state.sessions = Object.fromEntries(many) as typeof world.state.sessions;
    await expect(opened(world)).rejects.toThrow('there are too many sessions');
    pass(lifetimes.session);
    await expect(opened(world)).resolves.toBeDefined();
    expect(Object.keys(world.state.sessions!)).toHaveLength(1);
  });

  it('leaves nothing behind when it was revoked long ago, nor do keys that have ended', async () => {
    const world = new AccessWorld();
    const { id } = await opened(world);
    await world.sessions.publishKey({ id: 'A'.repeat(43), x: 'B'.repeat(43), until: Date.now() + 1e12 });
    await world.sessions.revoke(id);
    await expect(world.sessions.revoke(id)).rejects.toThrow(`there is no session ${id}`);
    pass(2 * lifetimes.key);
    await opened(world);
    expect([world.state.revoked, world.state.keys]).toEqual([{}, {}]);
  });
});
