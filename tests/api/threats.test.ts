import { Threats } from '../../src/api/access/threats';

const minute = 60_000;
const address = '192.0.2.1';

function world(denialsPerMinute = 5, elsewhere?: Record<string, number>) {
  let at = 0;
  const shared: Record<string, number> = {};
  const reported: string[] = [];
  const threats = new Threats(({ kind, source }) => reported.push(`${kind} ${source}`), {
    denialsPerMinute,
    elapsed: () => at,
    elsewhere: () => elsewhere,
    onBlock: (source, until) => void (shared[source] = until),
  });
  const isBlocked = (source: string) => {
    try {
      threats.requireUnblocked(source);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many' });
      return true;
    }
  };
  return { threats, reported, shared, isBlocked, pass: (ms: number) => void (at += ms) };
}
const times = (count: number, act: (index: number) => void) => Array.from({ length: count }, (_, index) => act(index));

describe('an address that tries the passwords of many users', () => {
  it('is blocked for a quarter of an hour, and reported once', () => {
    const { threats, reported, isBlocked, pass } = world();
    times(9, (index) => threats.loginFailed(address, `user-${index}`));
    expect(isBlocked(address)).toBe(false);
    threats.loginFailed(address, 'another');
    expect(reported).toEqual([`credential_stuffing ${address}`]);
    expect([isBlocked(address), isBlocked('192.0.2.2')]).toEqual([true, false]);
    pass(15 * minute);
    expect(isBlocked(address)).toBe(false);
  });

  it('is one whole network of IPv6', () => {
    const { threats, isBlocked } = world();
    times(10, (index) => threats.loginFailed(`2001:db8::${index + 1}`, `user-${index}`));
    expect([isBlocked('2001:db8::ffff'), isBlocked('2001:db8:0:1::1')]).toEqual([true, false]);
  });

  it('is not an office where people mistype now and then', () => {
    const { threats, isBlocked, pass } = world();
    times(100, (index) => {
      threats.loginFailed(address, `user-${index}`);
      threats.loginSucceeded(address, `user-${index}`);
    });
    times(30, (index) => {
      threats.loginFailed(address, `user-${index}`);
      pass(2 * minute);
    });
    expect(isBlocked(address)).toBe(false);
  });

  it('is also one that tries a single user again and again', () => {
    const { threats, isBlocked } = world();
    times(60, () => threats.loginFailed(address, 'ana'));
    expect(isBlocked(address)).toBe(true);
  });
});

describe('bursts', () => {
  it('of refused requests block their source, and nobody else', () => {
    const { threats, reported, isBlocked, pass } = world(5);
    times(4, () => threats.denied('token 1'));
    pass(minute);
    times(4, () => threats.denied('token 1'));
    expect(isBlocked('token 1')).toBe(false);
    threats.denied('token 1');
    expect([isBlocked('token 1'), isBlocked(address)]).toEqual([true, false]);
    expect(reported).toEqual(['denials token 1']);
  });

  it('of tokens that were used twice are each reported, and block their address', () => {
    const { threats, reported, isBlocked } = world();
    times(2, () => threats.tokenReused(address));
    expect(isBlocked(address)).toBe(false);
    threats.tokenReused(address);
    expect(isBlocked(address)).toBe(true);
    expect(reported).toEqual(Array(3).fill(`token_reuse ${address}`));
  });

  it('from very many sources do not fill the memory', () => {
    const { threats, isBlocked } = world(2);
    times(30_000, (index) => threats.denied(`token ${index}`));
    threats.denied('token 0');
    expect(isBlocked('token 0')).toBe(false);
    threats.denied('token 29999');
    expect(isBlocked('token 29999')).toBe(true);
  });
});

describe('what another server has blocked', () => {
  it('is refused here until its time is over, with the whole network of an IPv6 address', () => {
    const there = world(2);
    for (const source of ['192.0.2.1', '2001:db8::1', 'token 1']) times(2, () => there.threats.denied(source));
    const end = Date.now() + 15 * minute;
    for (const until of Object.values(there.shared)) expect(Math.abs(until - end)).toBeLessThan(minute);
    const { isBlocked } = world(2, there.shared);
    for (const source of ['192.0.2.1', '2001:db8::2', 'token 1']) expect(isBlocked(source)).toBe(true);
    for (const source of ['192.0.2.2', '2001:db8:1::1', 'token 2', '__proto__']) expect(isBlocked(source)).toBe(false);
    expect(world(2, { '192.0.2.1': Date.now() - 1 }).isBlocked('192.0.2.1')).toBe(false);
  });
});
