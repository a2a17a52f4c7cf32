import { z } from 'zod';
import { flag, fromText } from '../../schema/values';

/** A map with these keys. Extensions (`x-…`) are dropped. */
export function map<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess(withoutExtensions, z.strictObject(shape));
}

/** As {@link map}, with every key optional. */
export function options<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess(withoutExtensions, z.strictObject(shape).partial());
}

function withoutExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

const namePattern = /^[a-zA-Z0-9._-]+$/;
/** A map of the file's own names: services, networks, volumes, … */
export function named<V extends z.ZodType>(value: V) {
  return z.record(z.string().regex(namePattern, 'use letters, digits, ., _ and -'), value);
}

export const text = z.string();
export const texts = z.array(text);
/** Texts, each once. */
export const distinctTexts = texts.refine(
  (items) => new Set(items).size === items.length,
  'has an entry twice; keep one of them',
);
export const textOrTexts = z.union([text, texts]);
export const numberOrText = z.union([z.number(), text]);
export const wholeNumber = z.preprocess(fromText, z.number().int());
export const anyNumber = z.preprocess(fromText, z.number());
export const boolean = flag;
/** The value, or nothing. Null comes last: a value of a wrong type is told what it could be instead. */
export function orNull<V extends z.ZodType>(value: V) {
  return z.union([value, z.null()]);
}

export const command = z.union([text, texts, z.null()]);

const scalar = z.union([text, z.number(), z.boolean(), z.null()]);
/** `{KEY: value}`, or a list of `KEY=value` and bare `KEY`. */
export const assignments = z.union([z.record(text, scalar), texts]);
/** Options of a driver. */
export const driverOptions = z.record(text, numberOrText);

/** A duration as Go writes it: `1h30m`, `500ms`, `1m30s`. Also days and weeks in some keys. */
export const duration = text.regex(
  /^(?:0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w))+)$/,
  'write a duration such as 500ms, 2s or 1m30s',
);
/** Bytes as a number, or a size such as `64m`, `1gb`; -1 where the engine has a meaning for it. */
export const bytes = z.union([
  z.number(),
  text
    .regex(/^(?:-1|\d[\d_]*(?:\.\d+)?\s*(?:[kKmMgGtTpP]i?)?[bB]?)$/, 'write a size such as 512m or 4g')
    .transform((size) => size.replaceAll('_', '')),
]);

export const ulimits = z.record(
  text.regex(/^[a-z]+$/, 'write the name of a limit such as nofile'),
  z.union([wholeNumber, map({ soft: wholeNumber, hard: wholeNumber })]),
);

export const extraHosts = z.union([z.record(text, z.union([text, texts, z.null()])), distinctTexts]);
export const external = z.union([boolean, options({ name: text })]);
