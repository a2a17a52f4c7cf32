/** A reference to a variable, with what stands for it where it is not set, is empty, or is set. */
export interface Reference {
  name: string;
  /** As in `${NAME:-rest}`; none in `$NAME` and `${NAME}`. */
  operator?: ':-' | '-' | ':?' | '?' | ':+' | '+';
  rest: Template;
  /** As it is written. */
  source: string;
}

/** A text, in parts. */
export type Template = (string | Reference)[];

/** A text with a reference that cannot be read. */
export class TemplateError extends Error {}

const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const operators = [':-', ':?', ':+', '-', '?', '+'] as const;
const deepest = 20;
/** In characters: what a text may become with its variables. */
const longest = 1_000_000;

/**
 * Reads a text as the Compose Specification does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
 * `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}`, `${NAME+other}`, each within the others; `$$` is a dollar
 * sign, as is one that begins none of these (`$5`, `$(date)`). Braces within braces belong together.
 * @throws TemplateError where `${` begins none of these
 */
export function parseTemplate(text: string, depth = 0): Template {
  if (depth > deepest) throw new TemplateError(`variables stand within variables more than ${deepest} times`);
  const parts: Template = [];
  let at = 0;
  for (let dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
    if (dollar > at) parts.push(text.slice(at, dollar));
    const { part, end } = afterDollar(text, dollar, depth);
    parts.push(part);
    at = end;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

/** Every variable that a text refers to, also within the defaults of others. */
export function references(template: Template): Reference[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part, ...references(part.rest)]));
}

/**
 * A text with its variables filled in.
 * @throws TemplateError where it becomes far too long
 * @param unset what stands for a variable that is not set (or, with a message after `:?` or `?`, may not be missing)
 * @param used hears of each variable whose value counts
 */
export function fillTemplate(
  template: Template,
  valueOf: (name: string) => string | undefined,
  unset: (reference: Reference, message: string | undefined) => string,
  used: (name: string) => void = () => {},
): string {
  let taken = 0;
  const take = (text: string): string => {
    taken += text.length;
    if (taken > longest) throw new TemplateError(`with its variables it is longer than ${longest} characters`);
    return text;
  };
  const fill = (parts: Template): string =>
    parts.map((part) => (typeof part === 'string' ? part : value(part))).join('');
  const value = (reference: Reference): string => {
    const { name, operator, rest } = reference;
    const set = valueOf(name);
    const present = operator?.startsWith(':') ? Boolean(set) : set !== undefined;
    if (present) used(name);
    if (operator?.endsWith('+')) return present ? fill(rest) : '';
    if (present) return take(set!);
    return operator?.endsWith('-') ? fill(rest) : unset(reference, operator && fill(rest));
  };
  return fill(template);
}

function afterDollar(text: string, dollar: number, depth: number): { part: string | Reference; end: number } {
  if (text[dollar + 1] === '$') return { part: '$', end: dollar + 2 };
  if (text[dollar + 1] === '{') return braced(text, dollar, depth);
  const found = nameAt(text, dollar + 1);
  return found
    ? { part: { name: found, rest: [], source: `$${found}` }, end: dollar + 1 + found.length }
    : { part: '$', end: dollar + 1 };
}

function braced(text: string, dollar: number, depth: number): { part: Reference; end: number } {
  const close = closingBrace(text, dollar + 1);
  if (close < 0)
    throw new TemplateError(`${quoted(text.slice(dollar))} has no closing brace; add }, or write $\${ for the text`);
  const source = text.slice(dollar, close + 1);
  const found = nameAt(source, 2);
  const after = source.slice(2 + (found?.length ?? 0), -1);
  const operator = operators.find((each) => after.startsWith(each));
  if (!found || (after !== '' && !operator)) {
    throw new TemplateError(
      `${quoted(source)} is no variable: write \${NAME}, \${NAME:-default}, ` +
        `\${NAME:?message} or \${NAME:+other}, or $\${ for the text`,
    );
  }
  return {
    part: { name: found, operator, rest: parseTemplate(after.slice(operator?.length ?? 0), depth + 1), source },
    end: close + 1,
  };
}

function nameAt(text: string, at: number): string | undefined {
  name.lastIndex = at;
  return name.exec(text)?.[0];
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}' && (depth -= 1) === 0) return at;
  }
  return -1;
}

/** What stands there, shortly. */
function quoted(whole: string): string {
  const shown = whole.slice(0, 24).split('\n')[0]!;
  return JSON.stringify(shown === whole ? whole : `${shown}…`);
}
