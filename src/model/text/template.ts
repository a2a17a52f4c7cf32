/** A reference to a variable, with the rule for an unset, empty or set one. */
export interface Reference {
  name: string;
  /** As in `${NAME:-rest}`; absent in `$NAME` and `${NAME}`. */
  operator?: ':-' | '-' | ':?' | '?' | ':+' | '+';
  rest: Template;
  /** The reference as written. */
  source: string;
}

/** Text split into literals and references. */
export type Template = (string | Reference)[];

/** A text with an invalid reference. */
export class TemplateError extends Error {}

const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const operators = [':-', ':?', ':+', '-', '?', '+'] as const;
const deepest = 20;
/** Maximum length of a text after substitution, in characters. */
const longest = 1_000_000;

/**
 * Parses a text like the Compose Specification: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
 * `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}`, `${NAME+other}`, also nested; `$$` is a dollar sign,
 * as is `$` before anything else (`$5`, `$(date)`). Braces must balance.
 * @throws TemplateError if `${` begins none of these
 */
export function parseTemplate(text: string, depth = 0): Template {
  if (depth > deepest) throw new TemplateError(`variables are nested more than ${deepest} levels deep`);
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

/** All references of a text, also within the defaults of others. */
export function references(template: Template): Reference[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part, ...references(part.rest)]));
}

/**
 * Substitutes the variables of a text.
 * @throws TemplateError if the result is too long
 * @param unset returns the text for an unset variable; `message` is set for a required one (`:?` or `?`)
 * @param used called with each variable whose value is used
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
    if (taken > longest) throw new TemplateError(`is longer than ${longest} characters after substitution`);
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
    throw new TemplateError(
      `${quoted(text.slice(dollar))} has no closing brace; add }, or write $\${ for a literal \${`,
    );
  const source = text.slice(dollar, close + 1);
  const found = nameAt(source, 2);
  const after = source.slice(2 + (found?.length ?? 0), -1);
  const operator = operators.find((each) => after.startsWith(each));
  if (!found || (after !== '' && !operator)) {
    throw new TemplateError(
      `${quoted(source)} is not a variable reference; write \${NAME}, \${NAME:-default}, ` +
        `\${NAME:?message} or \${NAME:+other}, or $\${ for a literal \${`,
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

/** The text, quoted and shortened. */
function quoted(whole: string): string {
  const shown = whole.slice(0, 24).split('\n')[0]!;
  return JSON.stringify(shown === whole ? whole : `${shown}…`);
}
