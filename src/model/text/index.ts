/**
 * Text from outside: container output, reasons, errors of registries, names in foreign files. A terminal obeys control
 * characters, and a reader is deceived by characters that are not seen; so neither is shown as it is.
 */

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, format characters (bidirectional overrides, zero
 * width), other ignorable ones and halves of surrogate pairs. Emoji keep what joins and selects them.
 */
const selector = String.raw`(?<=[\p{Extended_Pictographic}#*0-9])\ufe0f`;
const joiner = String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(?=\p{Extended_Pictographic})`;
const unsafe = new RegExp(
  String.raw`(${selector}|${joiner})|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]`,
  'gu',
);
const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const longestLine = 200;

/** The longest reason that is taken, in characters. */
export const longestReason = 500;
/** The longest name of a person or a program that is taken, in characters. */
export const longestAuthor = 200;

/** The text with every unsafe character in a visible form, such as `\x1b` or `\u202e`. Line ends and tabs too. */
export function visible(text: string): string {
  return text.replace(unsafe, (match, joiner?: string) => joiner ?? escapeOf(match));
}

/** The same for several lines: line ends and tabs stay, and a carriage return before a line end goes. */
export function visibleLines(text: string): string {
  return text
    .replace(/\r+(?=\n|$)/g, '')
    .split('\n')
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n');
}

/** JSON in which no character does anything to a terminal; it means the same to a program. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, (match) =>
    match === '\n'
      ? match
      : [...Array(match.length).keys()].map((index) => `\\u${hex(match.charCodeAt(index), 4)}`).join(''),
  );
}

/** True for one line without control characters that is not longer than so many characters. */
export function isOneLine(text: string, longest: number): boolean {
  return text.length <= longest && !controls.test(text);
}

/**
 * Makes one line of a text: line ends and tabs become spaces, other unsafe characters visible; cut where it is too
 * long.
 */
export function oneLine(text: string, longest = longestLine): string {
  const line = visible(
    text
      .slice(0, longest + 1)
      .replace(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' ')
      .trim(),
  );
  return line.length > longest ? `${line.slice(0, longest - 1).replace(/[\ud800-\udbff\u200d]+$/, '')}…` : line;
}

function escapeOf(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${code.toString(16)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
