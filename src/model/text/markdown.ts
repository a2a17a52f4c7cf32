import { oneLine } from '.';

/** Characters with a meaning in Markdown; `_` has none within a word. */
const special = /[\\`*[\]<>|~&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** Text that Markdown turns into a link on its own. */
const link = /(:)(?=\/\/)|(?<=www)(\.)/gi;

/** Text that the Temporal UI replaces by typography: fractions, dashes, dots and signs. */
const fraction = /(?<=\d)\/(?=\d)/g;
const typography = /-(?=-)|(?<=-)-|\.(?=\.\.)|(?<=\.)\.(?=\.)|(?<=\.\.)\.|\((?=(?:c|r|tm)\))/gi;

/** Escapes prose in the details of a workflow: like {@link plainMarkdown}, and without typography. */
export function literalMarkdown(text: string, longest?: number): string {
  return plainMarkdown(text, longest).replace(typography, '\\$&').replace(fraction, '&#47;');
}

/** A value as code in Markdown, on one line: nothing in it is rendered. */
export function codeMarkdown(value: string, longest?: number): string {
  const line = oneLine(value, longest);
  const runs = (line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = '`'.repeat(Math.max(0, ...runs) + 1);
  return runs.length > 0 ? `${fence} ${line} ${fence}` : `${fence}${line || ' '}${fence}`;
}

/** Escapes untrusted text to one line of Markdown without links, images, table cells or formatting. */
export function plainMarkdown(text: string, longest?: number): string {
  return oneLine(text, longest).replace(special, '\\$&').replace(link, '\\$&');
}

/** The same, at most `longest` characters long after escaping. */
export function plainMarkdownWithin(longest: number, text: string): string {
  const whole = plainMarkdown(text, longest);
  return whole.length <= longest ? whole : `${whole.slice(0, longest - 1).replace(/[\\\ud800-\udbff]+$/, '')}…`;
}
