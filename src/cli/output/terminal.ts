import pc from 'picocolors';
import stringWidth from 'string-width';
import { visible, visibleJson, visibleLines } from '../../model/text';

/**
 * All output for people goes through this module. Text from outside can contain escape sequences, which are shown
 * escaped; also if the output is not a terminal, because people pipe it to one.
 */

/** Random, so that text from outside cannot contain a style. Made when the first style is used. */
let secret: string | undefined;
const mark = (code: number): string => {
  secret ??= process.getBuiltinModule('node:crypto').randomBytes(12).toString('hex');
  return `\u001b${secret}:${code};`;
};

const style =
  (open: number, close: number) =>
  (text: string): string =>
    pc.isColorSupported ? `${mark(open)}${text}${mark(close)}` : text;

/** Styles for our own text, applied when it is printed. */
export const paint = {
  bold: style(1, 22),
  dim: style(2, 22),
  red: style(31, 39),
  green: style(32, 39),
  yellow: style(33, 39),
  magenta: style(35, 39),
  cyan: style(36, 39),
};

/** Styles that tell rows of different origin apart. */
export const paints = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94].map((code) => style(code, 39));

/** Marks continuation lines of text from outside, so that they cannot pass for our own lines. */
const continuation = '\n  | ';

/** A line for a terminal: with styles applied, and everything else escaped. */
export function rendered(line: string): string {
  return styled(line, (text) => visibleLines(text).replaceAll('\n', continuation));
}

/** Like {@link rendered}, but on one line, cut to the number of columns. */
export function renderedWithin(columns: number, line: string): string {
  let room = columns;
  let isCut = false;
  return styled(line, (text) => {
    if (isCut) return '';
    const plain = visible(text);
    const width = stringWidth(plain);
    if (width <= room) {
      room -= width;
      return plain;
    }
    isCut = true;
    return room > 0 ? `${startOf(plain, room - 1)}…` : '';
  });
}

/** Prints a line to standard output. */
export function say(line: string): void {
  process.stdout.write(`${rendered(line)}\n`);
}

export function print(lines: readonly string[]): void {
  lines.forEach(say);
}

/** Prints a line to standard error. */
export function complain(line: string): void {
  process.stderr.write(`${rendered(line)}\n`);
}

/** Prints one JSON document on one line, with control characters escaped. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value) ?? 'null')}\n`);
}

/** Prints a file: unchanged for programs, escaped on a terminal. */
export function printFile(text: string): void {
  if (process.stdout.isTTY) printText(text);
  else printRaw(text);
}

/** Prints text of several lines, escaped, without marks on continuation lines. */
export function printText(text: string): void {
  process.stdout.write(visibleLines(text));
}

/** Prints text unchanged; only for users who request that. */
export function printRaw(text: string | Uint8Array): void {
  process.stdout.write(text);
}

/** {@link printText} to standard error. */
export function complainText(text: string): void {
  process.stderr.write(visibleLines(text));
}

/** {@link printRaw} to standard error. */
export function complainRaw(text: string | Uint8Array): void {
  process.stderr.write(text);
}

export function printRawLines(lines: readonly string[]): void {
  for (const line of lines) printRaw(`${line}\n`);
}

/** Aligns columns by the width of their cells on a terminal. Every cell becomes one line. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(visible));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? ''))));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padded(cell, widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - stringWidth(text));
}

/** Splits a line at our own marks, which become styles; `write` renders the text between them. */
function styled(line: string, write: (text: string) => string): string {
  if (secret === undefined) return write(line);
  return line
    .split(new RegExp(`\u001b${secret}:(\\d+);`))
    .map((part, index) => (index % 2 === 0 ? write(part) : `\u001b[${part}m`))
    .join('');
}

/** The longest start of a text, in whole characters, that fits into the columns. */
function startOf(text: string, columns: number): string {
  let start = '';
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    start += segment;
  }
  return start;
}
