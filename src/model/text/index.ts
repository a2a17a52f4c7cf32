/**
 * Makes untrusted text safe to show: container output, reasons, registry errors, names in foreign files. Control
 * characters can steer a terminal, and invisible characters can deceive a reader.
 */

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, format characters (bidirectional overrides, zero
 * width), other ignorable characters and lone surrogates. Emoji keep their joiners and variation selectors.
 */
const selector = String.raw`(?<=[\p{Extended_Pictographic}#*0-9])\ufe0f`;
const joiner = String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(?=\p{Extended_Pictographic})`;
const unsafe = new RegExp(
  String.raw`(${selector}|${joiner})|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]`,
  'gu',
);
const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const longestLine = 200;

/** Maximum length of a reason, in characters. */
export const longestReason = 500;
/** Maximum length of an author's name, in characters. */
export const longestAuthor = 200;

/** Escapes every unsafe character visibly, such as `\x1b` or `\u202e`; line ends and tabs too. */
export function visible(text: string): string {
  return text.replace(unsafe, (match, joiner?: string) => joiner ?? escapeOf(match));
}

/** The same for several lines: keeps line ends and tabs, and drops carriage returns before line ends. */
export function visibleLines(text: string): string {
  return text
    .replace(/\r+(?=\n|$)/g, '')
    .split('\n')
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n');
}

/** Equivalent JSON that is safe to print on a terminal. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, (match) =>
    match === '\n'
      ? match
      : [...Array(match.length).keys()].map((index) => `\\u${hex(match.charCodeAt(index), 4)}`).join(''),
  );
}

/** True for a single line without control characters, at most `longest` characters long. */
export function isOneLine(text: string, longest: number): boolean {
  return text.length <= longest && !controls.test(text);
}

/**
 * Turns text into one line: line ends and tabs become spaces, other unsafe characters are escaped, and the end is cut
 * if it is too long.
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

/** `1 service`, `2 services`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
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
