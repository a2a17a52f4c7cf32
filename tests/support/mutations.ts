import fc from 'fast-check';

/** What a hand that slips, a template that fails, or somebody who tries may leave in a file. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    -1,
    0,
    1e21,
    0.1,
    true,
    [],
    {},
    [null],
    { '': null },
    '${',
    '${X:?}',
    '$',
    '1h1h',
    '-5s',
    '99999999999999s',
    '0',
    '1e3',
    'NaN',
    '../../../etc/passwd',
    'constructor',
    'toString',
    ['constructor'],
    { constructor: 'healthy' },
    '*',
    '&a',
    '!!js/function',
    '__proto__',
    '\u0000',
    '💥',
    'a'.repeat(500),
    '65536',
    '0:0',
    '1-0',
    ':',
    '::',
    '8080:',
    'x:y:z:w',
    '9'.repeat(400),
  ),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 20 }),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
);

/** Replaces, removes or adds what a path of random turns leads to. */
export function mutate(
  data: unknown,
  turns: readonly number[],
  change: { how: number; value: unknown; key: string },
): unknown {
  if (typeof data !== 'object' || data === null || turns.length === 0) return change.value;
  const keys = Object.keys(data);
  const [turn = 0, ...rest] = turns;
  const key = keys[turn % Math.max(1, keys.length)];
  const copy: Record<string, unknown> = Array.isArray(data) ? ([...data] as never) : { ...data };
  if (key === undefined || (rest.length === 0 && change.how === 2)) set(copy, change.key || 'added', change.value);
  else if (rest.length === 0 && change.how === 1) delete copy[key];
  else set(copy, key, mutate(copy[key], rest, change));
  return copy;
}

/** As a parser does: `__proto__` is a key like any other, and changes no prototype. */
function set(copy: object, key: string, value: unknown): void {
  Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Some changes of a file, for {@link mutate}. */
export const changes = fc.array(
  fc.record({
    turns: fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 6 }),
    how: fc.nat({ max: 3 }),
    value: strange,
    key: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('__proto__', 'constructor', 'services', 'image', 'replicas', '<<'),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);
