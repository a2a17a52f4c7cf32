import { fillTemplate, parseTemplate, TemplateError, type Reference } from './template';

/** A line of an env file that cannot be read. The message names the line, and never shows a value. */
export class EnvFileError extends Error {
  constructor(
    /** From 1. */
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

export interface EnvFileOptions {
  /** Values that win over those of the file, for references and names without `=`. */
  outer?: Record<string, string | undefined>;
  /** Values of earlier files, for references. */
  earlier?: Record<string, string>;
  /** A reference to an unset variable: `keep` (default) leaves it as written, `empty` is what Compose does. */
  unset?: 'keep' | 'empty';
  /** Values that all others win over. */
  below?: Record<string, string>;
  /** Called with each variable without a value that the file takes, also with a default. */
  onUnset?: (name: string) => void;
  /** The text to fill in for a reference, instead of its value. */
  filled?: (name: string, value: string) => string;
  /** No quotes, comments and references: the value is the rest of the line. */
  raw?: boolean;
  /** Called with each variable of `outer` and `below` that the file takes. */
  used?: (name: string) => void;
  /** Called with the line of each reference to an unset variable without a default. */
  foundUnset?: (line: number) => void;
}

const escape = /\\(?:([abfnrtv$"\\])|0(\d{0,3}))/g;
const escaped: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  $: '$$',
  '"': '"',
  '\\': '\\',
};
const assignment =
  /^[^\S\n]*(?!export[^\S\n]+[=:])(?:export[^\S\n]+)?([\p{L}\p{N}_.[\]-]+)[^\S\n]*(?:([=:])[^\S\n]*|(?=\n|$))/u;
/** Allowed after a closing quote. */
const afterQuote = /^[^\S\n]*(?:#[^\n]*)?(?:\n|$)/;
/** Blank lines and comments. */
const nothing = /^(?:\s+|#[^\n]*)*/;
/** Characters of all values of a file. */
const longest = 2 ** 21;

/**
 * The variables of an env file, read like Compose does: `#` begins a comment at the start of a line or after a space;
 * quoted values may span lines and, in double quotes, contain escapes; values can refer to variables above them. A name
 * without `=` takes its value from `outer`, or sets nothing.
 * @throws EnvFileError
 */
export function parseEnvFile(text: string, options: EnvFileOptions = {}): Record<string, string> {
  const { outer = {}, earlier = {}, below = {}, unset = 'keep' } = options;
  const { used = () => {}, onUnset = () => {}, foundUnset = () => {}, filled = (_, value) => value } = options;
  const values = new Map<string, string>();
  let total = 0;
  const from = (source: Record<string, string | undefined>, name: string) => {
    const value = valueIn(source, name);
    if (value !== undefined) used(name);
    return value;
  };
  const written = (name: string) => values.get(name) ?? valueIn(earlier, name);
  const lowest = (name: string) => {
    const value = from(below, name);
    if (value === undefined) onUnset(name);
    return value;
  };
  const valueOf = (name: string) => from(outer, name) ?? written(name) ?? lowest(name);
  const referenced = (name: string) => {
    const value = valueOf(name);
    return value === undefined ? undefined : filled(name, value);
  };
  const inherited = (name: string) => from(outer, name) ?? (written(name) === undefined ? lowest(name) : undefined);
  if (options.raw) return parseRaw(text, values, inherited);
  let rest = text.replace(/^\uFEFF/, '');
  const all = rest;
  const line = () => all.slice(0, all.length - rest.length).split('\n').length;
  const problem = (message: string) => new EnvFileError(line(), message);
  const whenUnset = (source: string) => {
    foundUnset(line());
    return unset === 'keep' ? source : '';
  };

  for (rest = rest.replace(nothing, ''); rest !== ''; rest = rest.replace(nothing, '')) {
    const found = assignment.exec(rest);
    if (!found) throw problem('is not NAME=value; names consist of letters, digits and _ . - [ ]');
    const [whole, name, sign] = found;
    const value = sign ? valueAt(rest.slice(whole.length), problem) : undefined;
    const passed = sign ? undefined : inherited(name!);
    if (value) values.set(name!, value.isLiteral ? value.text : expand(value.text, referenced, problem, whenUnset));
    else if (passed !== undefined) values.set(name!, passed);
    total += values.get(name!)?.length ?? 0;
    if (total > longest) throw problem(`the values up to here are longer than ${longest} characters together`);
    rest = rest.slice(whole.length + (value?.length ?? 0));
  }
  return Object.fromEntries(values);
}

function valueIn(values: Record<string, string | undefined>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Docker's own format: each line is `NAME=value` as it is, a bare name, or a comment. */
function parseRaw(
  text: string,
  values: Map<string, string>,
  inherited: (name: string) => string | undefined,
): Record<string, string> {
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = whole.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const cut = line.indexOf('=');
    const name = cut < 0 ? line : line.slice(0, cut);
    if (name === '' || /\s/.test(name)) throw new EnvFileError(index + 1, 'is not NAME=value; names have no spaces');
    const value = cut < 0 ? inherited(name) : line.slice(cut + 1);
    if (value !== undefined) values.set(name, value);
  }
  return Object.fromEntries(values);
}

interface Value {
  text: string;
  /** Its length in the file, in characters. */
  length: number;
  /** True if dollar signs have no special meaning. */
  isLiteral: boolean;
}

function valueAt(rest: string, problem: (message: string) => Error): Value {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") {
    const line = /^[^\n]*/.exec(rest)![0];
    return { text: line.split(' #')[0]!.trimEnd(), length: line.length, isLiteral: false };
  }
  const end = closingQuote(rest, quote);
  if (end < 0) throw problem('the quote that begins there is not closed');
  if (!afterQuote.test(rest.slice(end + 1)))
    throw problem('unexpected text after the closing quote; only a comment may follow it');
  const inside = rest.slice(1, end);
  const text =
    quote === "'"
      ? inside.replaceAll("\\'", "'")
      : inside.replace(escape, (_, letter?: string, octal?: string) => (letter ? escaped[letter]! : ofOctal(octal!)));
  return { text, length: end + 1, isLiteral: quote === "'" };
}

/** The character of three octal digits; of others, Compose leaves the digits behind the first 0. */
function ofOctal(digits: string): string {
  return /^[0-3][0-7]{2}$/.test(digits) ? String.fromCharCode(Number.parseInt(digits, 8)) : `\\${digits}`;
}

function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function expand(
  text: string,
  valueOf: (name: string) => string | undefined,
  problem: (message: string) => Error,
  whenUnset: (source: string) => string,
): string {
  const unset = ({ name, source }: Reference, message: string | undefined) => {
    if (message === undefined) return whenUnset(source);
    throw problem(`the variable ${name} is not set above it`);
  };
  try {
    return fillTemplate(parseTemplate(text), valueOf, unset);
  } catch (error) {
    throw error instanceof TemplateError
      ? problem('a ${…} in it is invalid, or its expansion is too long; write $${ for a literal ${')
      : error;
  }
}
