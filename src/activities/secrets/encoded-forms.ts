import { shortestMasked } from './masker';
import { textOf, withoutLineEnd } from './text';

/** In bytes. Of a larger secret only the lines are encoded, not the whole. */
const largestWhole = 64 * 1024;
const mostLines = 2000;
/** In a secret with more lines, single lines are matched as plain text only. */
const mostEncodedLines = 16;
/** Columns after which `base64` and PEM break lines. */
const lineWidths = [76, 64];

/**
 * Every form in which a secret may appear: as it is, line by line, and in the encodings that programs use in logs and
 * messages.
 */
export function formsOf(bytes: Uint8Array): string[] {
  const text = textOf(bytes);
  const forms = new Set<string>();
  const add = (form: string) => form.length >= shortestMasked && forms.add(form);
  const pieces = text === undefined ? [] : piecesOf(text);
  if (bytes.length <= largestWhole) for (const form of binaryForms(bytes)) add(form);
  for (const piece of pieces) {
    for (const form of textForms(piece)) add(form);
    if (pieces.length <= mostEncodedLines) for (const form of binaryForms(Buffer.from(piece))) add(form);
  }
  return [...forms];
}

/**
 * The whole without its last line end, and each line. Lines too short to mask on their own are masked as part of the
 * whole.
 */
export function piecesOf(text: string): string[] {
  const whole = withoutLineEnd(text);
  const lines = whole.split(/\r?\n/);
  const pieces =
    lines.length === 1 ? [whole] : [...(whole.length <= largestWhole ? [whole] : []), ...lines.slice(0, mostLines)];
  return [...new Set([...pieces.flatMap((piece) => [piece, piece.trim()]), ...passwordsOf(whole)])].filter(
    (piece) => piece.length >= shortestMasked,
  );
}

/** The password of a URL: programs show it on its own when a login fails. */
function passwordsOf(text: string): string[] {
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:([^\s/?#@]+)@/i.exec(text)?.[1];
  return written === undefined ? [] : [written, decoded(written)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textForms(text: string): string[] {
  const json = jsonString(text);
  return [text, ...jsonForms(text), jsonString(json), ...urlForms(text), ...markupForms(text), ...shellForms(text)];
}

function jsonString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** JSON as JavaScript, Go (escapes HTML), PHP (escapes slashes) and Python (ASCII only) write it. */
function jsonForms(text: string): string[] {
  const json = jsonString(text);
  const ascii = json.replace(/[\u007f-\uffff]/g, escapeUnit);
  const html = json.replace(/[<>&\u2028\u2029]/g, escapeUnit);
  return [json, ascii, html, json.replaceAll('/', '\\/')];
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** URL encodings of JavaScript, HTML forms, RFC 3986 and Python, with hex digits in both cases. */
function urlForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*]/g, percent);
  const forms = [
    component,
    strict,
    component.replaceAll('%20', '+'),
    strict.replaceAll('%20', '+'),
    strict.replaceAll('%2F', '/'),
    encodeURI(text),
  ];
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** XML and HTML, with the escapes of quotes that differ between libraries. */
function markupForms(text: string): string[] {
  const base = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quotes = ['"', '&quot;', '&#34;'].flatMap((double) =>
    ["'", '&apos;', '&#39;', '&#x27;'].map((single) => [double, single] as const),
  );
  return quotes.map(([double, single]) => base.replaceAll('"', double).replaceAll("'", single));
}

/** Shell words: the two ways to single-quote, double quotes, and backslashes. */
function shellForms(text: string): string[] {
  return [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replace(/["\\$`]/g, '\\$&'),
    text.replace(/[^\w@%+=:,./-]/g, '\\$&'),
  ];
}

/** Base64 at each of the three byte offsets, in both alphabets and broken into lines; and hex. */
function binaryForms(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const base64 = [0, 1, 2].map((before) => base64After(buffer, before));
  const inLines = lineWidths.flatMap((width) => linesOf(buffer.toString('base64').replace(/=+$/, ''), width));
  const hex = buffer.toString('hex');
  return [
    ...[...base64, ...inLines].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]),
    hex,
    hex.toUpperCase(),
  ];
}

/** The base64 digits that depend on the secret only, when `before` other bytes precede it. */
function base64After(buffer: Buffer, before: number): string {
  const digits = Buffer.concat([Buffer.alloc(before), buffer]).toString('base64');
  return digits.slice(Math.ceil((before * 8) / 6), Math.floor(((before + buffer.length) * 8) / 6));
}

/** The lines of a form that is longer than one line. A short last line would match everywhere. */
function linesOf(digits: string, width: number): string[] {
  if (digits.length <= width) return [];
  return Array.from({ length: Math.ceil(digits.length / width) }, (_, index) =>
    digits.slice(index * width, (index + 1) * width),
  ).filter((line) => line.length >= 8);
}
