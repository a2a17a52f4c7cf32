import { SoftwareFault } from '../failures';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a secret; undefined if it is not valid UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A text without one final line end: files end with one, variables and passwords do not. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/**
 * A text file without its final line end. `advice` follows the problem in the error.
 * @throws SoftwareFault that names the file or secret and never shows its value
 */
export function plainTextOf(label: string, bytes: Uint8Array, advice = 'save it as UTF-8 text'): string {
  const text = textOf(bytes);
  if (text === undefined) throw new SoftwareFault(`${label} is not UTF-8 text; ${advice}`);
  if (text.includes('\0')) throw new SoftwareFault(`${label} contains a NUL byte; ${advice}`);
  return withoutLineEnd(text);
}

/** The value of a variable. @throws SoftwareFault like {@link plainTextOf} */
export function variableOf(name: string, bytes: Uint8Array): string {
  const advice = 'variables take text only: remove `environment` to mount it as a file';
  return plainTextOf(`the secret ${name}`, bytes, advice);
}
