import { conceal, hasMark, reveal } from '../../model/text/marks';
import { isData } from '../read/overlay';
import type { StandIn } from './stand-ins';

export interface Referring {
  data: unknown;
  /** Paths whose values depend on variables, which are filled in there. */
  filledIn: (string | number)[][];
}

/**
 * Data of a stack file with references instead of the values of variables.
 * @param real data with the values
 * @param standing the same with stand-ins
 */
export function withReferences(real: unknown, standing: unknown, standIns: readonly StandIn[]): Referring {
  const filledIn: (string | number)[][] = [];
  // A longer text may begin with a shorter one.
  const byLength = [...standIns].sort((a, b) => b.text.length - a.text.length);
  const visit = (value: unknown, other: unknown, path: (string | number)[]): unknown => {
    if (Array.isArray(value)) {
      const others = Array.isArray(other) && other.length === value.length ? other : undefined;
      if (!others && other !== undefined) filledIn.push(path);
      return value.map((item, index) => visit(item, others?.[index], [...path, index]));
    }
    if (isData(value))
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
          const below = [...path, key];
          const isThere = isData(other) && Object.hasOwn(other, key);
          if ((isData(other) && !isThere) || hasMark(key)) filledIn.push(below);
          return [conceal(key), visit(item, isThere ? other[key] : undefined, below)];
        }),
      );
    const text = leafOf(value, other, byLength);
    const isHidden = typeof value === 'string' && hasMark(value);
    const differs = other !== undefined && String(value) !== String(other);
    if (text === undefined && (isHidden || differs)) filledIn.push(path);
    return text ?? literal(value);
  };
  return { data: visit(real, standing, []), filledIn };
}

/** The text with references, if with their values it is that of the data; undefined if there are none. */
function leafOf(value: unknown, other: unknown, standIns: readonly StandIn[]): string | undefined {
  const text = String(other);
  const parts = cut(text, standIns);
  if (other === undefined || parts.every((part) => typeof part === 'string')) return undefined;
  const withValues = parts.map((part) => (typeof part === 'string' ? part : part.value)).join('');
  if (withValues !== reveal(String(value))) return undefined;
  return parts
    .map((part, index) => (typeof part === 'string' ? escaped(part, index < parts.length - 1) : part.reference))
    .join('');
}

/** The text in pieces: those between stand-ins, and the stand-ins. */
function cut(text: string, standIns: readonly StandIn[]): (string | StandIn)[] {
  const found = standIns.find((each) => text.includes(each.text));
  if (!found) return text === '' ? [] : [text];
  return text.split(found.text).flatMap((piece, index) => [...(index > 0 ? [found] : []), ...cut(piece, standIns)]);
}

/** A value as it stands in a stack file. One that holds a credential is not shown. */
function literal(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return escaped(hasMark(value) ? conceal(value) : value, false);
}

/** Dollar signs that would begin a reference are doubled. */
function escaped(text: string, isBeforeReference: boolean): string {
  const inside = text.replace(/\$(?=[A-Za-z_{$])/g, '$$$$');
  return isBeforeReference && text.endsWith('$') ? `${inside}$` : inside;
}
