import { hasMark, mark, storedReference } from '../model/text/marks';
import type { LoadOptions } from './load-options';

/** Which variables are secret, whatever they are called. Their values are marked wherever they are used. */
export interface SecretVariables {
  names: Set<string>;
  /** Those whose values no text can hold: only files can. */
  files: ReadonlySet<string>;
  /** The secrets that are stored for the environment are known, and among the names. */
  storedAreKnown: boolean;
}

/** Variables of the caller. */
export interface GivenVariables {
  /** Of the shell, `--set` and `--secret`. */
  values: Record<string, string | undefined>;
  /** References to stored secrets, which all other values win over. */
  stored: Record<string, string>;
  secret: SecretVariables;
}

/** The variables of the shell, over it those of `--set`, and over all those of `--secret`; below all stored secrets. */
export function givenVariables({ shell = process.env, variables = {}, secrets = {}, stored }: LoadOptions) {
  const outer = { ...shell, ...variables };
  const texts = Object.entries(secrets).map(([name, value]) => [name, textOf(value)] as const);
  const below = (stored ?? []).filter((name) => outer[name] === undefined && !Object.hasOwn(secrets, name));
  const given: GivenVariables = {
    values: {
      ...outer,
      ...Object.fromEntries(texts.map(([name, text]) => [name, text === undefined ? undefined : mark(text)])),
    },
    stored: Object.fromEntries(below.map((name) => [name, storedReference(name)])),
    secret: {
      names: new Set([...Object.keys(secrets), ...below]),
      files: new Set(texts.flatMap(([name, text]) => (text === undefined ? [name] : []))),
      storedAreKnown: stored !== undefined,
    },
  };
  return given;
}

/** As of a secret file that is used as a variable: UTF-8, without one final line end; undefined if it is no text. */
function textOf(value: string | Uint8Array): string | undefined {
  try {
    const text =
      typeof value === 'string' ? value : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    return text.includes('\0') || hasMark(text) ? undefined : text.replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}
