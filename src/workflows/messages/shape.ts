import { isDeploymentId, isName, type NameKind } from '../../model/names';
import { oneLine } from '../../model/text';

/**
 * The shape that a message must have to be accepted. Anybody can send messages with Temporal's CLI or UI, and a
 * workflow whose task fails on one is stuck forever. Plain data: schema libraries are too heavy for the sandbox.
 * {@link TypeOf} derives the type of a message from its shape.
 */
export type Shape =
  | 'text'
  /** Also a time, within the range of dates. */
  | 'number'
  /** A whole number from 0, such as a deployment's. */
  | 'count'
  | 'flag'
  | 'anything'
  /** Id of a deployment's workflow. */
  | 'deployment'
  /** A name of this kind. */
  | { name: NameKind }
  /** One line with a maximum length; {@link tidied} enforces both. */
  | { line: number }
  | { oneOf: readonly string[] }
  | { optional: Shape }
  | { listOf: Shape }
  | { recordOf: Shape }
  /** `only`: other fields are dropped. */
  | { fields: Record<string, Shape>; only?: true };

/** `whole` is never set: it carries the type. */
export interface Part<T> {
  fields: Record<string, Shape>;
  whole: T;
}
type KeyOf<T> = T extends unknown ? keyof T : never;

/** The type of the messages that fit a shape. */
export type TypeOf<S> = S extends { whole: infer T }
  ? T
  : S extends 'text' | 'deployment' | { name: NameKind } | { line: number }
    ? string
    : S extends 'number' | 'count'
      ? number
      : S extends 'flag'
        ? boolean
        : S extends { oneOf: readonly (infer Word)[] }
          ? Word
          : S extends { optional: infer Inner }
            ? TypeOf<Inner> | undefined
            : S extends { listOf: infer Item }
              ? TypeOf<Item>[]
              : S extends { recordOf: infer Value }
                ? Record<string, TypeOf<Value>>
                : S extends { fields: infer Fields }
                  ? TypeOfFields<Fields>
                  : unknown;
type IsOptional<S> = S extends { optional: unknown } ? true : false;
type TypeOfFields<Fields> = {
  -readonly [Key in keyof Fields as IsOptional<Fields[Key]> extends true ? never : Key]: TypeOf<Fields[Key]>;
} & {
  -readonly [Key in keyof Fields as IsOptional<Fields[Key]> extends true ? Key : never]?: TypeOf<Fields[Key]>;
};

const largestCount = 1e9;
/** In ms from the epoch. */
const furthestTime = 8.64e15;

export const optional = <const S extends Shape>(shape: S) => ({ optional: shape }) as const;
export const named = (kind: NameKind) => ({ name: kind }) as const;
export const line = (longest: number) => ({ line: longest }) as const;
export const listOf = <const S extends Shape>(shape: S) => ({ listOf: shape }) as const;
export const recordOf = <const S extends Shape>(shape: S) => ({ recordOf: shape }) as const;
export const oneOf = <const Words extends readonly string[]>(...words: Words) => ({ oneOf: words }) as const;
/** Keeps other fields: a newer sender may send more. */
export const fields = <const F extends Record<string, Shape>>(of: F) => ({ fields: of }) as const;

/** Drops other fields: a foreign field must not replace one of ours in stored or merged messages. */
export const only = <const F extends Record<string, Shape>>(of: F) => ({ fields: of, only: true }) as const;

/** The shape of a `T` with checks of these fields only; an unknown field does not compile. */
export const partOf = <T>(of: Partial<Record<KeyOf<T> & string, Shape>>): Part<T> =>
  ({ fields: of }) as unknown as Part<T>;

export function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'anything') return true;
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'number') return typeof value === 'number' && Math.abs(value) <= furthestTime;
  if (shape === 'count')
    return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= largestCount;
  if (shape === 'flag') return typeof value === 'boolean';
  if (shape === 'deployment') return isDeploymentId(value);
  if ('name' in shape) return isName(shape.name, value);
  if ('line' in shape) return typeof value === 'string';
  if ('oneOf' in shape) return typeof value === 'string' && shape.oneOf.includes(value);
  if ('optional' in shape) return value === undefined || value === null || fits(value, shape.optional);
  if ('listOf' in shape) return Array.isArray(value) && value.every((each) => fits(each, shape.listOf));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if ('recordOf' in shape) return Object.values(value).every((each) => fits(each, shape.recordOf));
  return Object.entries(shape.fields).every(([key, field]) => fits((value as Record<string, unknown>)[key], field));
}

/** Turns every `line` of a fitting message into one line without control characters, cut at its maximum length. */
export function tidied<T>(value: T, shape: Shape): T {
  return tidy(value, shape) as T;
}

function tidy(value: unknown, shape: Shape): unknown {
  if (typeof shape === 'string' || value === undefined || value === null) return value;
  if ('line' in shape) return oneLine(value as string, shape.line);
  if ('optional' in shape) return tidy(value, shape.optional);
  if ('listOf' in shape) return (value as unknown[]).map((each) => tidy(each, shape.listOf));
  if (!('fields' in shape)) return value;
  const known = Object.entries(shape.fields).filter(([key]) => Object.hasOwn(value, key));
  return {
    ...(!shape.only && value),
    ...Object.fromEntries(known.map(([key, field]) => [key, tidy((value as Record<string, unknown>)[key], field)])),
  };
}
