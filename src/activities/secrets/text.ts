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
 * A secret as the value of a variable.
 * @throws SoftwareFault that names the secret and never shows its value
 */
export function variableOf(label: string, bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text === undefined)
    throw new SoftwareFault(
      `${label} is not UTF-8 text, as variables require; remove \`environment\` to mount it as a file`,
    );
  if (text.includes('\0'))
    throw new SoftwareFault(
      `${label} contains a NUL byte, which variables cannot; remove \`environment\` to mount it as a file`,
    );
  return withoutLineEnd(text);
}
