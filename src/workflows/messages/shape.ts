import { isDeploymentId, isName, type NameKind } from '../../model/names';
import { oneLine } from '../../model/text';

/**
 * What a message must look like to be taken. Messages come from outside: anybody may send one by Temporal's own command
 * line or UI, and a workflow that trips over one stands still for ever. Plain words instead of a schema library, which
 * is too heavy for the sandbox.
 */
export type Shape =
  | 'text'
  /** Also as a time: no further from 1970 than a date reaches. */
  | 'number'
  /** A number of something, or of its place in a row. */
  | 'count'
  | 'flag'
  | 'anything'
  /** Id of a deployment's workflow. */
  | 'deployment'
  /** A name of this kind. */
  | { name: NameKind }
  /** One line of so many characters at most. Taken as {@link tidied}. */
  | { line: number }
  | { oneOf: readonly string[] }
  | { optional: Shape }
  | { listOf: Shape }
  | { recordOf: Shape }
  /** `only`: what else a message holds is left out. */
  | { fields: Record<string, Shape>; only?: true };

const largestCount = 1e9;
/** In ms. */
const furthestTime = 8.64e15;

export const optional = (shape: Shape): Shape => ({ optional: shape });
export const named = (kind: NameKind): Shape => ({ name: kind });
export const line = (longest: number): Shape => ({ line: longest });
export const listOf = (shape: Shape): Shape => ({ listOf: shape });
export const recordOf = (shape: Shape): Shape => ({ recordOf: shape });
export const oneOf = (...words: readonly string[]): Shape => ({ oneOf: words });
/** Other fields may be there: a newer sender knows more. */
export const fields = (of: Record<string, Shape>): Shape => ({ fields: of });

/** These fields and no others: a stranger's field must not stand for one of ours where messages are kept or merged. */
export const only = (of: Record<string, Shape>): Shape => ({ fields: of, only: true });

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

/** A message that fits, with every `line` in it as one line without control characters, cut where it is too long. */
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
