import { SoftwareFault } from '../failures';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a secret; undefined where its bytes are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A text without one line end at its end: files end with one, variables and passwords do not. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/**
 * A secret as a variable can hold it.
 * @throws SoftwareFault that names the secret and never shows its value
 */
export function variableOf(what: string, bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text === undefined)
    throw new SoftwareFault(
      `${what} is not UTF-8 text, which a variable must be; use it as a file: leave environment out`,
    );
  if (text.includes('\0'))
    throw new SoftwareFault(`${what} holds a NUL byte, which no variable can; use it as a file: leave environment out`);
  return withoutLineEnd(text);
}
