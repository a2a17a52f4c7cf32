/**
 * What a message must look like to be taken. Messages come from outside: anybody may send one by Temporal's own command
 * line or UI, and a workflow that trips over one stands still for ever. Plain words instead of a schema library, which
 * is too heavy for the sandbox.
 */
export type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | 'anything'
  | { oneOf: readonly string[] }
  | { optional: Shape }
  | { listOf: Shape }
  | { recordOf: Shape }
  | { fields: Record<string, Shape> };

export const optional = (shape: Shape): Shape => ({ optional: shape });
export const listOf = (shape: Shape): Shape => ({ listOf: shape });
export const recordOf = (shape: Shape): Shape => ({ recordOf: shape });
export const oneOf = (...words: readonly string[]): Shape => ({ oneOf: words });
/** Other fields may be there: a newer sender knows more. */
export const fields = (of: Record<string, Shape>): Shape => ({ fields: of });

export function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'anything') return true;
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'number') return typeof value === 'number' && Number.isFinite(value);
  if (shape === 'flag') return typeof value === 'boolean';
  if ('oneOf' in shape) return typeof value === 'string' && shape.oneOf.includes(value);
  if ('optional' in shape) return value === undefined || value === null || fits(value, shape.optional);
  if ('listOf' in shape) return Array.isArray(value) && value.every((each) => fits(each, shape.listOf));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if ('recordOf' in shape) return Object.values(value).every((each) => fits(each, shape.recordOf));
  return Object.entries(shape.fields).every(([key, field]) => fits((value as Record<string, unknown>)[key], field));
}
