import type { Finding } from '../problems';

/** A value that does not have the form that its key requires. */
export class Malformed extends Error {}

/**
 * Parses a part of the file. If it is {@link Malformed}, adds a finding at its path and returns the fallback.
 */
export type Attempt = <T>(path: (string | number)[], parse: () => T, fallback: T) => T;

/** An {@link Attempt} that adds its findings to a list. */
export function attemptInto(findings: Finding[]): Attempt {
  return (path, parse, fallback) => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      findings.push({ path, message: error.message });
      return fallback;
    }
  };
}

/** Splits a command line as a shell would, without expanding anything. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!;
    if (quote) {
      if (character === quote) quote = '';
      else
        word +=
          character === '\\' && quote === '"' && /["\\$`]/.test(text[index + 1] ?? '')
            ? text[(index += 1)]!
            : character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (character === '\\' && index + 1 < text.length ? text[(index += 1)]! : character);
    }
  }
  if (quote) throw new Malformed(`has an opening ${quote} without a closing one`);
  if (word !== undefined) words.push(word);
  return words;
}

type CommandInput = string | (string | number)[];

/** The words of a command. */
export function toWords(command: CommandInput): string[] {
  return typeof command === 'string' ? splitWords(command) : command.map(String);
}

/** The words of a command that may need a shell: a string runs in `/bin/sh -c`. */
export function toShell(command: CommandInput): string[] {
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : command.map(String);
}

/**
 * Parses `{KEY: value}` or `["KEY=value"]`. Rejects a bare key, whose value would depend on the machine.
 */
export function toAssignments(
  input: Record<string, unknown> | string[] | undefined,
  separator: '=' | ':' = '=',
): Record<string, string> {
  if (!input) return {};
  if (!Array.isArray(input))
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, value === null ? '' : String(value)]));
  return Object.fromEntries(
    input.map((item) => {
      const cut = item.indexOf(separator);
      if (cut < 1)
        throw new Malformed(
          `"${item}" has no value; write KEY${separator}value (for a variable of your shell, KEY${separator}\${KEY})`,
        );
      return [item.slice(0, cut), item.slice(cut + 1)];
    }),
  );
}

export function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\u007f');
}
