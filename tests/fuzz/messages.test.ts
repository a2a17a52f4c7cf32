import fc from 'fast-check';
import { fits, tidied, type Shape } from '../../src/workflows/messages/shape';
import type { NameKind } from '../../src/model/names';
import { oneLine } from '../../src/model/text';
import { inputs, shapes } from '../../src/workflows/messages/shapes';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 20_000 : 2000;

/** What fits a shape. */
function fitting(shape: Shape): fc.Arbitrary<unknown> {
  if (shape === 'anything') return fc.anything();
  if (shape === 'text') return fc.string();
  if (shape === 'number') return fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
  if (shape === 'count') return fc.nat({ max: 1e9 });
  if (shape === 'flag') return fc.boolean();
  if (shape === 'deployment')
    return fc.constantFrom('deployment/shop/production/1', 'deployment/a/b_c/watch-repair-1-2');
  if ('name' in shape) return fc.constantFrom(...namesFor(shape));
  if ('line' in shape) return fc.string({ unit: 'binary' });
  if ('oneOf' in shape) return fc.constantFrom(...shape.oneOf);
  if ('optional' in shape) return fc.option(fitting(shape.optional), { nil: undefined });
  if ('listOf' in shape) return fc.array(fitting(shape.listOf), { maxLength: 3 });
  if ('recordOf' in shape) return fc.dictionary(fc.string(), fitting(shape.recordOf), { maxKeys: 3 });
  return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([key, field]) => [key, fitting(field)])));
}

/** @throws Error where no sample is known for a grammar: add one */
function namesFor(shape: { name: NameKind }): string[] {
  const ciphertext = `v1.${'a'.repeat(16)}.${'b'.repeat(43)}.${'c'.repeat(16)}.${'d'.repeat(22)}`;
  const version = '0123456789abcdef';
  const digest = version.repeat(4);
  const subject = 'service:ci';
  const all = [
    'shop',
    'a-1_b',
    'web=8080=80',
    '/api/v1',
    '10.0.0.0/8',
    'web:8080',
    version,
    'x'.repeat(43),
    digest,
    subject,
    ciphertext,
    `scrypt$17$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`,
    'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  ];
  const names = all.filter((name) => fits(name, shape));
  if (names.length === 0) throw new Error(`there is no sample of a name (${shape.name})`);
  return names;
}

const all = Object.entries({ ...shapes, ...inputs }) as [string, Shape][];

describe(`messages from anywhere (${cases} cases)`, () => {
  it('are taken where they fit', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...all)
          .chain(([name, shape]) => fc.tuple(fc.constant(name), fc.constant(shape), fitting(shape))),
        ([, shape, message]) => fits(message, shape),
      ),
      { numRuns: cases },
    );
  });

  it('are tidied: nothing but their lines changes, those are one line, and what no field is for is left out', () => {
    const freeze = fc.record({
      by: fc.string({ unit: 'binary' }),
      reason: fc.string({ unit: 'binary' }),
      at: fc.integer(),
      refuse: fc.boolean(),
      more: fc.anything(),
    });
    fc.assert(
      fc.property(freeze, ({ by, reason, more, ...rest }) =>
        expect(tidied({ by, reason, more, ...rest }, shapes.freeze)).toStrictEqual({
          by: oneLine(by, 200),
          reason: oneLine(reason, 500),
          ...rest,
        }),
      ),
      { numRuns: cases },
    );
  });

  it('never trip whoever looks at them, and are not taken with a field of another kind', () => {
    const wrong = fc.constantFrom<unknown>(Symbol('x'), NaN, Infinity, () => 1, [[]], { deep: { er: 1 } });
    fc.assert(
      fc.property(
        fc
          .constantFrom(...all)
          .filter(([, shape]) => typeof shape === 'object' && 'fields' in shape)
          .chain(([, shape]) =>
            fc.tuple(
              fc.constant(shape as { fields: Record<string, Shape> }),
              fitting(shape),
              fc.nat(),
              wrong,
              fc.anything(),
            ),
          ),
        ([shape, message, turn, value, anything]) => {
          const keys = Object.keys(shape.fields);
          expect(typeof fits(anything, shape)).toBe('boolean');
          expect(fits({ ...(message as object), [keys[turn % keys.length]!]: value }, shape)).toBe(false);
        },
      ),
      { numRuns: cases },
    );
  });
});
