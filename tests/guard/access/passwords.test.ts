import { PasswordHasher, TooBusy } from '../../../src/guard/access/passwords/hash';
import { passwordProblem } from '../../../src/guard/access/passwords/policy';

const weak = { logN: 10, r: 8, p: 1 };
const password = 'a river of tin soldiers';

describe('the digest of a password', () => {
  const hasher = new PasswordHasher(weak);

  it('has its parameters and a salt of its own, and not the password', async () => {
    const [one, other] = await Promise.all([hasher.digest(password), hasher.digest(password)]);
    expect(one).toMatch(/^scrypt\$10\$8\$1\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/);
    expect(one).not.toBe(other);
    expect(one).not.toContain(password);
  });

  it('fits its password, and no other', async () => {
    const digest = await hasher.digest(password);
    expect(await hasher.verify(password, digest)).toEqual({ isRight: true, isOutdated: false });
    for (const other of ['', `${password} `, password.toUpperCase()])
      expect(await hasher.verify(other, digest)).toEqual({ isRight: false, isOutdated: false });
  });

  it('fits the same letters from another keyboard', async () => {
    expect((await hasher.verify('Cafe\u0301 de Flore 12', await hasher.digest('Caf\u00e9 de Flore 12'))).isRight).toBe(
      true,
    );
  });

  it('is outdated when the parameters were raised, for the right password only', async () => {
    const digest = await hasher.digest(password);
    const stronger = new PasswordHasher({ ...weak, logN: 11 });
    expect(await stronger.verify(password, digest)).toEqual({ isRight: true, isOutdated: true });
    expect(await stronger.verify('another password', digest)).toEqual({ isRight: false, isOutdated: false });
  });

  it('has 2^17 rounds, 8 and 1 by default', async () => {
    expect(await new PasswordHasher().digest(password)).toMatch(/^scrypt\$17\$8\$1\$/);
  });

  it.each([undefined, '', 'scrypt$10$8$1$x$y', 'scrypt$30$8$1$aaaaaaaaaaaaaaaaaaaaaa$'.padEnd(77, 'a')])(
    'that is %j fits nothing',
    async (digest) => {
      expect(await hasher.verify(password, digest)).toEqual({ isRight: false, isOutdated: false });
    },
  );

  it('costs the same work when there is none', async () => {
    const work = jest.spyOn(hasher as never as { hash: () => Promise<Buffer> }, 'hash');
    await hasher.verify(password, undefined);
    expect(work).toHaveBeenCalledTimes(1);
    work.mockRestore();
  });

  it('is computed a few at once; more wait, and too many are refused', async () => {
    const busy = new PasswordHasher(weak, 1, 2);
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => busy.digest(password)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(answers.some((each) => each.status === 'rejected' && each.reason instanceof TooBusy)).toBe(true);
    await expect(busy.digest(password)).resolves.toContain('scrypt$');
  });
});

describe('a new password', () => {
  it.each([
    ['short12char', 'at least 12 characters'],
    ['x'.repeat(201), 'at most 200 characters'],
    ['ababababababab', 'at least 5 different characters'],
    ['alice in wonderland', 'the name of the user'],
    ['ALICE IN WONDERLAND', 'the name of the user'],
    ['1qaz2wsx3edc', 'has leaked'],
    ['1QAZ2wsx3edc', 'has leaked'],
    ['qwerty123456', 'has leaked'],
    ['\u{1f600}'.repeat(11), 'at least 12 characters'],
  ])('%j is refused: %s', async (text, problem) => {
    expect(await passwordProblem(text, 'alice@example.com')).toContain(problem);
  });

  it.each([password, 'Tr0ub4dor&3-and-more', 'пароль без утечки', 'x1y2z'.repeat(40)])('%j is taken', async (text) => {
    expect(await passwordProblem(text, 'alice@example.com')).toBeUndefined();
  });

  it('may contain a very short name', async () => {
    expect(await passwordProblem('a bold river of tin', 'bo')).toBeUndefined();
  });
});
