interface Field {
  name: string;
  from: number;
  to: number;
  /** Names of its numbers, from `from` on. */
  words?: string[];
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const fields: Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, words: months },
  { name: 'day of the week', from: 0, to: 7, words: weekdays },
];

const word = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const every = /^@every +(\d+(ms|s|m|h|d))+$/;
const shape = 'write five fields such as 0 3 * * *, or a word such as @daily';

/** The problem of a cron expression in Temporal's syntax; undefined if it is valid. */
export function cronProblem(expression: string): string | undefined {
  const text = expression.trim();
  if (word.test(text)) return undefined;
  if (text.startsWith('@every'))
    return every.test(text) ? undefined : 'write @every with a duration, such as @every 15m';
  if (text.startsWith('@'))
    return `"${text}" is not a known word; write @hourly, @daily, @weekly, @monthly, @yearly or @every 15m`;
  const parts = text.split(/\s+/);
  if (parts.length !== fields.length) return shape;
  const read = parts.map((part, index) => valuesOf(part, fields[index]!));
  const problem = read.find((each) => typeof each === 'string');
  if (problem !== undefined) return problem as string;
  const [, , days, inMonths] = read as number[][];
  const everMatches = inMonths!.some((month) => days!.some((day) => day <= longestMonths[month - 1]!));
  return everMatches ? undefined : 'no year has such a day';
}

/** The numbers of a field, or its problem. */
function valuesOf(text: string, field: Field): number[] | string {
  const values: number[] = [];
  for (const item of text.split(',')) {
    const found = rangeOf(item, field);
    if (typeof found === 'string') return found;
    for (let value = found.from; value <= found.to; value += found.step) values.push(value);
  }
  return values;
}

function rangeOf(item: string, field: Field): { from: number; to: number; step: number } | string {
  const wrong =
    `"${item}" is not a valid ${field.name}; write ${field.from} to ` +
    `${field.to}${field.words ? ' or a name' : ''}, a range such as ` +
    `${field.from}-${field.from + 4}, or */2, and separate several by commas`;
  const [, range, first, last, step = '1'] = /^(\*|([\da-z]+)(?:-([\da-z]+))?)(?:\/(\d+))?$/i.exec(item) ?? [];
  if (range === undefined || Number(step) < 1) return wrong;
  const from = first === undefined ? field.from : numberOf(first, field);
  const to = last !== undefined ? numberOf(last, field) : first === undefined || item.includes('/') ? field.to : from;
  if (from === undefined || to === undefined) return wrong;
  return from <= to
    ? { from, to, step: Number(step) }
    : `"${item}" ends before it begins; write two ranges within ${field.from}-${field.to}, separated by a comma`;
}

function numberOf(text: string, { from, to, words = [] }: Field): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) >= from && Number(text) <= to ? Number(text) : undefined;
  const index = text.length < 3 ? -1 : words.findIndex((each) => each.startsWith(text.toLowerCase()));
  return index < 0 ? undefined : index + from;
}
