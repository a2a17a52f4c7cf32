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
  /** Called with each variable that a value refers to and that is not set. */
  onUnset?: (name: string) => void;
  /** No quotes, comments and references: the value is the rest of the line. */
  raw?: boolean;
}

const escape = /\\(?:([abfnrtv$"\\])|0([0-3][0-7]{2}))/g;
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
const assignment = /^[^\S\n]*(?:export[^\S\n]+)?([\p{L}\p{N}_.[\]-]+)[^\S\n]*(?:([=:])[^\S\n]*|(?=\n|$))/u;
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
  const { outer = {}, earlier = {}, unset = 'keep', onUnset } = options;
  if (options.raw) return parseRaw(text, outer);
  const values = new Map<string, string>();
  let total = 0;
  const outside = (name: string) => (Object.hasOwn(outer, name) ? outer[name] : undefined);
  const valueOf = (name: string) => {
    const value = outside(name) ?? values.get(name) ?? (Object.hasOwn(earlier, name) ? earlier[name] : undefined);
    if (value === undefined) onUnset?.(name);
    return value;
  };
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const all = rest;
  const problem = (message: string) =>
    new EnvFileError(all.slice(0, all.length - rest.length).split('\n').length, message);

  for (rest = rest.replace(nothing, ''); rest !== ''; rest = rest.replace(nothing, '')) {
    const found = assignment.exec(rest);
    if (!found) throw problem('is not NAME=value; names consist of letters, digits and _ . - [ ]');
    const [whole, name, sign] = found;
    const value = sign ? valueAt(rest.slice(whole.length), problem) : undefined;
    const inherited = sign ? undefined : outside(name!);
    if (value) values.set(name!, value.isLiteral ? value.text : expand(value.text, valueOf, problem, unset));
    else if (inherited !== undefined) values.set(name!, inherited);
    total += values.get(name!)?.length ?? 0;
    if (total > longest) throw problem(`the values up to here are longer than ${longest} characters together`);
    rest = rest.slice(whole.length + (value?.length ?? 0));
  }
  return Object.fromEntries(values);
}

/** Docker's own format: each line is `NAME=value` as it is, a bare name, or a comment. */
function parseRaw(text: string, outer: NonNullable<EnvFileOptions['outer']>): Record<string, string> {
  const values: [string, string][] = [];
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = whole.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const cut = line.indexOf('=');
    const name = cut < 0 ? line : line.slice(0, cut);
    if (name === '' || /\s/.test(name)) throw new EnvFileError(index + 1, 'is not NAME=value; names have no spaces');
    const value = cut < 0 ? (Object.hasOwn(outer, name) ? outer[name] : undefined) : line.slice(cut + 1);
    if (value !== undefined) values.push([name, value]);
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
      : inside.replace(escape, (_, letter?: string, octal?: string) =>
          letter ? escaped[letter]! : String.fromCharCode(Number.parseInt(octal!, 8)),
        );
  return { text, length: end + 1, isLiteral: quote === "'" };
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
  whenUnset: 'keep' | 'empty',
): string {
  const unset = ({ name, source }: Reference, message: string | undefined) => {
    if (message === undefined) return whenUnset === 'keep' ? source : '';
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
