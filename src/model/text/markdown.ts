import { oneLine } from '.';

/** Characters that mean something to Markdown wherever they stand; `_` means nothing within a word. */
const special = /[\\`*[\]<>|~&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What becomes a link without being written as one. */
const link = /(:)(?=\/\/)|(?<=www)(\.)/gi;

/** Text from outside as one line of Markdown that shows it as it is: no link, no image, no table cell, no format. */
export function plainMarkdown(text: string, longest?: number): string {
  return oneLine(text, longest).replace(special, '\\$&').replace(link, '\\$&');
}

/** The same, never longer than so many characters. */
export function plainMarkdownWithin(longest: number, text: string): string {
  const whole = plainMarkdown(text, longest);
  return whole.length <= longest ? whole : `${whole.slice(0, longest - 1).replace(/[\\\ud800-\udbff]+$/, '')}…`;
}
