import { randomBytes } from 'node:crypto';
import pc from 'picocolors';
import stringWidth from 'string-width';
import { visible, visibleJson, visibleLines } from '../../model/text';

/**
 * The one place through which everything that people read leaves this program. Text from outside can hold escape
 * sequences: whatever a terminal would obey is shown escaped, also where the output is no terminal, for people pipe it
 * to one.
 */

/** Nobody outside can know it, so nobody outside can write a style. */
const secret = randomBytes(12).toString('hex');
const mark = (code: number): string => `\u001b${secret}:${code};`;
const marks = new RegExp(`\u001b${secret}:(\\d+);`);

const style =
  (open: number, close: number) =>
  (text: string): string =>
    pc.isColorSupported ? `${mark(open)}${text}${mark(close)}` : text;

/** Styles of this program's own words. They come into force when the text is printed. */
export const paint = {
  bold: style(1, 22),
  dim: style(2, 22),
  red: style(31, 39),
  green: style(32, 39),
  yellow: style(33, 39),
  magenta: style(35, 39),
  cyan: style(36, 39),
};

/** What follows a line end within a text from outside stands behind this: it cannot pass for a line of our own. */
const continuation = '\n  | ';

/** A line as it may go to a terminal: styles in force, everything else escaped. */
export function rendered(line: string): string {
  return styled(line, (text) => visibleLines(text).replaceAll('\n', continuation));
}

/** The same in one line that is not wider than so many columns. */
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

/** Prints one JSON document in one line; it holds no character that a terminal would obey. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value) ?? 'null')}\n`);
}

/** Prints a file: as it is for programs that read it, escaped on a terminal. */
export function printFile(text: string): void {
  if (process.stdout.isTTY) printText(text);
  else printRaw(text);
}

/** Prints text of several lines: no line gets anything put before it. */
export function printText(text: string): void {
  process.stdout.write(visibleLines(text));
}

/** Passes bytes on as they are: only where somebody has asked for just that. */
export function printRaw(text: string): void {
  process.stdout.write(text);
}

export function printRawLines(lines: readonly string[]): void {
  for (const line of lines) printRaw(`${line}\n`);
}

/** Columns as wide as their widest cell, as a terminal shows them. Every cell is one line. */
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

/** Splits a line at our own marks: those become styles, and what is between them is written as the function says. */
function styled(line: string, write: (text: string) => string): string {
  return line
    .split(marks)
    .map((part, index) => (index % 2 === 0 ? write(part) : `\u001b[${part}m`))
    .join('');
}

/** As many whole characters as fit into so many columns. */
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
