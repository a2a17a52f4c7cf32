import { oneLine } from '.';

/** Characters with a meaning in Markdown; `_` has none within a word. */
const special = /[\\`*[\]<>|~&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** Text that Markdown turns into a link on its own. */
const link = /(:)(?=\/\/)|(?<=www)(\.)/gi;

/** Escapes untrusted text to one line of Markdown without links, images, table cells or formatting. */
export function plainMarkdown(text: string, longest?: number): string {
  return oneLine(text, longest).replace(special, '\\$&').replace(link, '\\$&');
}

/** The same, at most `longest` characters long after escaping. */
export function plainMarkdownWithin(longest: number, text: string): string {
  const whole = plainMarkdown(text, longest);
  return whole.length <= longest ? whole : `${whole.slice(0, longest - 1).replace(/[\\\ud800-\udbff]+$/, '')}…`;
}
