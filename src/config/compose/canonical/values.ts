import { Malformed } from '../../normalise/words';
import { isData } from '../../read/overlay';

export type Data = Record<string, unknown>;

/** One value or several, as a list. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** `{KEY: value}` or `["KEY=value"]` as a map to text; `bare` is the value of a key without one. */
export function mapping<B extends string | null = ''>(value: unknown, bare: B = '' as B): Record<string, string | B> {
  const entries: [string, string | B][] = Array.isArray(value)
    ? value.map((item) => {
        const text = String(item);
        const cut = text.indexOf('=');
        return cut < 0 ? [text, bare] : [text.slice(0, cut), text.slice(cut + 1)];
      })
    : Object.entries(isData(value) ? value : {}).map(([key, item]) => [key, item === null ? bare : String(item)]);
  return Object.fromEntries(entries);
}

export function mapValues<T>(value: unknown, map: (item: unknown, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(isData(value) ? value : {}).map(([key, item]) => [key, map(item, key)]));
}

/** A file mode as octal digits: `0440`, `0o440` and `440` are octal however they are written, `288` is decimal. */
export function octal(mode: unknown): string {
  const digits = /^(?:0o?)?([0-7]{1,4})$/.exec(String(mode))?.[1];
  if (digits === undefined && !/^\d{1,4}$/.test(String(mode)))
    throw new Malformed(`${JSON.stringify(mode)} is not a file mode; write octal digits such as 0440`);
  return digits === undefined ? `0${Number(mode).toString(8)}` : `0${digits.replace(/^0+(?=.)/, '')}`;
}
