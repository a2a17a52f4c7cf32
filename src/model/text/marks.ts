/**
 * Values that look like credentials are marked in the text that they are filled into, so that the marks survive merges
 * and splits. The marks are noncharacters of Unicode, which no file and no variable may contain.
 */

const open = '\uFDD0';
const close = '\uFDD1';

/** True for a text with a character that only marks may be. */
export function hasMark(text: string): boolean {
  return text.includes(open) || text.includes(close);
}

/** Marks a value. White space in it stays outside of the marks, so that a text can be split into words there. */
export function mark(value: string): string {
  return value.replace(/\S+/g, `${open}$&${close}`);
}

/** Stands for the value of a stored secret, which only the worker can fill in. It counts as a marked value. */
export function storedReference(name: string): string {
  return `${open}${open}${name}${close}`;
}

/** A text with its references to stored secrets apart: at odd indexes are their names. */
export function atReferences(text: string): string[] {
  return text.split(new RegExp(`${open}${open}([^${close}]*)${close}`));
}

/** The names of the stored secrets that a text refers to. */
export function referencesIn(text: string): string[] {
  return atReferences(text).filter((_, index) => index % 2 === 1);
}

/** The text with its marked values as they are. */
export function reveal(text: string): string {
  return text.replaceAll(open, '').replaceAll(close, '');
}

/** The text with `***` for each marked value. */
export function conceal(text: string): string {
  return text.replace(new RegExp(`${open}[^${close}]*${close}?|^[^${open}]*${close}`, 'g'), '***');
}

/** The marked values of a text. */
export function markedIn(text: string): string[] {
  return text
    .split(open)
    .slice(1)
    .map((part) => part.split(close)[0]!);
}
