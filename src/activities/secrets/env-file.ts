import { fillTemplate, parseTemplate, TemplateError, type Reference } from '../../model/text/template';
import { SoftwareFault } from '../failures';

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
 * quoted values may span lines and, in double quotes, contain escapes; values can refer to variables above them and in
 * `earlier`, and unset references are left unchanged. A name without `=` sets nothing.
 * @throws SoftwareFault that names the file and the line, and never shows a value
 */
export function parseEnvFile(file: string, text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const values = new Map<string, string>();
  let total = 0;
  const valueOf = (name: string) => values.get(name) ?? (Object.hasOwn(earlier, name) ? earlier[name] : undefined);
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const all = rest;
  const problem = (message: string) =>
    new SoftwareFault(
      `the env_file ${file}, line ${all.slice(0, all.length - rest.length).split('\n').length}: ${message}`,
    );

  for (rest = rest.replace(nothing, ''); rest !== ''; rest = rest.replace(nothing, '')) {
    const found = assignment.exec(rest);
    if (!found) throw problem('is not NAME=value; names consist of letters, digits and _ . - [ ]');
    const [whole, name, sign] = found;
    const value = sign ? valueAt(rest.slice(whole.length), problem) : undefined;
    if (value) values.set(name!, value.isLiteral ? value.text : expand(value.text, valueOf, problem));
    total += values.get(name!)?.length ?? 0;
    if (total > longest) throw problem(`the values up to here are longer than ${longest} characters together`);
    rest = rest.slice(whole.length + (value?.length ?? 0));
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
): string {
  const unset = ({ name, source }: Reference, message: string | undefined) => {
    if (message === undefined) return source;
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
