import { z } from 'zod';
import { longestMs } from '../../model/stack/limits';
import { tmpfsPattern } from '../../model/stack/tmpfs';

const durationPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const sizePattern = /^\d+(?:\.\d+)?\s*(?:[kKmMgGtT]i?[bB]?|[bB])?$/;

const numeric = /^(?:[-+]?(?=\.?\d)(?:0|[1-9]\d*)?(?:\.\d*)?(?:e[-+]?\d+)?|0x[0-9a-f]+|0o[0-7]+)$/i;
/** Turns text such as an interpolated `${VARIABLE}` into a number, but not `0123`, which programs read differently. */
export const fromText = (value: unknown): unknown =>
  typeof value === 'string' && numeric.test(value) ? Number(value) : value;

/** Seconds as a number, or text such as `500ms`, `2s`, `1m30s`. */
export const duration = z
  .preprocess(
    fromText,
    z.union([
      z.number().nonnegative(),
      z.string().regex(durationPattern, 'write a duration such as 500ms, 2s or 1m30s'),
    ]),
  )
  .refine((value) => !isDuration(value) || toMs(value) <= longestMs, 'is longer than a year')
  .describe('Seconds as a number, or a duration such as `500ms`, `2s`, `1m30s`.');

const shortestMs = 10;

/** A {@link duration} between two checks; 0 would be a busy loop. */
export const interval = duration.refine(
  (value) => !isDuration(value) || toMs(value) >= shortestMs,
  `is shorter than ${shortestMs}ms`,
);

function isDuration(value: number | string): boolean {
  return typeof value === 'number' || durationPattern.test(value);
}

/**
 * Milliseconds of a text such as `2s`; undefined if it is not a duration with a unit, or is longer than a year.
 */
export function durationMs(text: string): number | undefined {
  return durationPattern.test(text) && toMs(text) <= longestMs ? toMs(text) : undefined;
}

/** `daily`, `weekly` and `every_12h` of Compose ask the registry once in that time. */
export const pullInterval = /^(?:daily|weekly|every_(?:\d{1,9}[wdhms])+)$/;

/** Bytes as a number, or text such as `512M`, `4G`. */
export const size = z
  .preprocess(
    fromText,
    z.union([z.number().int().nonnegative(), z.string().regex(sizePattern, 'write a size such as 512M or 4G')]),
  )
  .refine(
    (value) => (typeof value === 'string' && !sizePattern.test(value)) || Number.isSafeInteger(toBytes(value)),
    'is larger than any machine supports; write a smaller size',
  )
  .describe('Bytes as a number, or a size such as `512M`, `4G`.');

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a {@link duration}. */
export function toMs(value: number | string): number {
  if (typeof value === 'number') return Math.round(value * 1000);
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * unitMs[unit!]!;
  return Math.round(total);
}

/** Bytes of a {@link size}; units are powers of 1024, as in compose. */
export function toBytes(value: number | string): number {
  if (typeof value === 'number') return value;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)/i.exec(value)!;
  return Math.round(Number(amount) * 1024 ** ' kmgt'.indexOf(unit?.toLowerCase() || ' '));
}

/** A number, also as text of an interpolated `${VARIABLE}`. */
export const number = z.preprocess(fromText, z.number());
export const amount = z.preprocess(fromText, z.number().nonnegative());
export const integer = z.preprocess(fromText, z.number().int());
export const count = z.preprocess(fromText, z.number().int().nonnegative());

const modePattern = /^(?:0o?)?[0-7]{1,3}$/;
const noMode = 'is not a file mode; write three octal digits such as 0440 (read by owner and group) or 0600';

/** Permissions of a file in octal, as {@link parseYaml} keeps them: `0440`, `"440"`, `0o440`. */
export const fileMode = z
  .union([
    z.string().regex(modePattern, noMode),
    z
      .number()
      .int()
      .refine((digits) => modePattern.test(String(digits)), noMode),
  ])
  .describe('File mode, always read as octal; default 0444.');

/** The bits of a {@link fileMode}. */
export function toMode(digits: string | number): number {
  return Number.parseInt(String(digits).replace(/^0o/, ''), 8);
}

/** Numeric ID of a user or group. */
export const ownerId = z.preprocess(fromText, z.number().int().min(0).max(4_294_967_294));

/** True for an address with a user or a password in it. */
export function hasUserinfo(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i.test(url);
}

/** Also the words of YAML 1.1, which Compose reads. */
const booleans: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
};
export const flag = z.preprocess(
  (value) => (typeof value === 'string' ? (booleans[value.toLowerCase()] ?? value) : value),
  z.boolean(),
);

/** A shell-like string or a list of words. */
export const command = z
  .union([z.string(), z.array(z.union([z.string(), z.number()]))])
  .describe('A list of words, or one string that is split as a shell would split it (no shell runs).');

export const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** `{KEY: value}` or `["KEY=value"]`. */
export const assignments = z.union([z.record(z.string(), scalar), z.array(z.string())]);
export const names = z.array(z.string());
/** `/path` in memory, with Docker's options. */
export const tmpfs = z
  .string()
  .regex(tmpfsPattern, 'is not a tmpfs; write an absolute path, with options such as /cache:size=64m,mode=0700');
export const oneOrMore = z.union([z.string(), z.array(z.string())]);

/** One of the values, in any case: `Sequential` and `sequential` are the same. */
export function choice<const T extends readonly [string, ...string[]]>(...values: T) {
  return z.preprocess(
    (value) =>
      typeof value === 'string' ? (values.find((v) => v.toLowerCase() === value.toLowerCase()) ?? value) : value,
    z.enum(values),
  );
}
