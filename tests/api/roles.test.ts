import fc from 'fast-check';
import { actions, includes, isGranted, reaches, roleOn, roles, type Limit } from '../../src/model/access';
import { isName } from '../../src/model/names';

const name = fc.constantFrom('shop', 'blog', 'production', 'staging');
const target = fc.record({ stack: name, environment: name });
const scope = fc.oneof(
  fc.constant('*'),
  name,
  target.map(({ stack, environment }) => `${stack}/${environment}`),
);
const grant: fc.Arbitrary<Limit> = fc.record({ role: fc.constantFrom(...roles), scope });

describe('roles', () => {
  it('give nothing where none was given', () => {
    for (const role of roles) {
      expect(isGranted({ roles: [] }, role, { stack: 'shop', environment: 'production' })).toBe(false);
      expect(isGranted({ roles: [] }, role, 'installation')).toBe(false);
    }
  });

  it.each([
    ['*', 'shop', 'production', true],
    ['shop', 'shop', 'production', true],
    ['shop', 'shop2', 'production', false],
    ['shop/production', 'shop', 'production', true],
    ['shop/production', 'shop', 'production2', false],
    ['shop/production', 'shop', 'staging', false],
    ['production', 'shop', 'production', false],
  ])('on %s reach %s/%s: %s', (given, stack, environment, expected) => {
    expect(includes(given, { stack, environment })).toBe(expected);
  });

  it('on a stack or an environment never reach the installation', () => {
    fc.assert(
      fc.property(fc.array(grant), (given) => {
        const wide = given.filter((each) => each.scope === '*');
        expect(roleOn(given, 'installation')).toBe(roleOn(wide, 'installation'));
      }),
    );
  });

  it('grow with what is given, and include those below', () => {
    fc.assert(
      fc.property(fc.array(grant), grant, target, (given, more, on) => {
        for (const role of roles) {
          if (isGranted({ roles: given }, role, on))
            expect(isGranted({ roles: [...given, more] }, role, on)).toBe(true);
        }
        expect(isGranted({ roles: given }, 'operator', on) && !isGranted({ roles: given }, 'viewer', on)).toBe(false);
        expect(isGranted({ roles: given }, 'admin', on) && !isGranted({ roles: given }, 'operator', on)).toBe(false);
      }),
    );
  });

  it('are never widened by the limit of a token', () => {
    fc.assert(
      fc.property(fc.array(grant), grant, target, (given, limit, on) => {
        for (const role of roles) {
          const limited = isGranted({ roles: given, limit }, role, on);
          expect(limited).toBe(isGranted({ roles: given }, role, on) && reaches(roleOn([limit], on), role));
        }
      }),
    );
  });

  it('that change or delete something are never those of a viewer', () => {
    const reading = Object.entries(actions).filter(([, { role }]) => role === 'viewer');
    expect(reading.map(([action]) => action)).toEqual([
      'environment.read',
      'logs.read',
      'schedules.read',
      'volumes.read',
      'hosts.read',
      'builds.read',
    ]);
  });
});

describe('names of subjects and scopes', () => {
  it.each(['service:ci', 'user:alice@example.com', 'group:operations', 'user:a'])('take %s', (text) => {
    expect(isName('subject', text)).toBe(true);
  });
  it.each(['ci', 'robot:ci', 'user:', 'user:a b', 'user:-a', 'user:a\n', `user:${'a'.repeat(121)}`, 'user:a/b'])(
    'refuse %j',
    (text) => {
      expect(isName('subject', text)).toBe(false);
    },
  );
  it.each(['*', 'shop', 'shop/production'])('take the scope %s', (text) => {
    expect(isName('scope', text)).toBe(true);
  });
  it.each(['', '**', 'shop/', '/production', 'shop/*', 'a/b/c', 'Shop', '../x'])('refuse the scope %j', (text) => {
    expect(isName('scope', text)).toBe(false);
  });
});
