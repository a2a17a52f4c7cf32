import { computed, signal } from '@preact/signals';
import { stored } from '../stored';
import { en, type Key } from './catalogues/en';

export type { Key } from './catalogues/en';

/** Texts in the user's language. A language is a file in `catalogues`, loaded when it is chosen. */

type Catalogue = Record<Key, string>;

const files = import.meta.glob<Record<string, Catalogue>>(['./catalogues/*.ts', '!./catalogues/en.ts']);
/** Codes of the languages that there are. */
export const languages = ['en', ...Object.keys(files).map((file) => /(\w+)\.ts$/.exec(file)![1]!)];

export const language = signal('en');
/** The language with the user's region: `en-GB` formats dates differently from `en-US`. */
export const locale = computed(
  () => navigator.languages.find((each) => each.startsWith(language.value)) ?? language.value,
);
const catalogue = signal<Catalogue>(en);

/** Loads the language that was chosen before, or that the browser prefers. */
export async function startLanguage(): Promise<void> {
  const wanted = [stored('language'), ...navigator.languages].map((code) => code?.slice(0, 2));
  await speak(wanted.find((code) => code !== undefined && languages.includes(code)) ?? 'en');
}

export async function speak(code: string): Promise<void> {
  const load = files[`./catalogues/${code}.ts`];
  catalogue.value = load ? (await load())[code]! : en;
  language.value = code;
  document.documentElement.lang = code;
}

/** The name of a language in itself. */
export async function nameOf(code: string): Promise<string> {
  const load = files[`./catalogues/${code}.ts`];
  return (load ? (await load())[code]! : en)['language.name'];
}

type Values = Record<string, string | number>;

/** A text, with values in place of `{name}`. */
export function t(key: Key, values: Values = {}): string {
  return catalogue.value[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text before and after a value, for a value that is an element. */
export function around(key: Key, name: string): [before: string, after: string] {
  const [before = '', after = ''] = catalogue.value[key].split(`{${name}}`);
  return [before, after];
}

const plural = computed(() => new Intl.PluralRules(language.value));

type Counted = Extract<Key, `${string}.other`> extends `${infer Base}.other` ? Base : never;

/** A text about a number of things. */
export function counted(key: Counted, count: number): string {
  const form = plural.value.select(count) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}` as Key, { count: count.toLocaleString(locale.value) });
}

/** A word of the engine, such as a status, in the language; a new one that the catalogue lacks as it is. */
export function word(kind: 'status' | 'intent' | 'health', name: string): string {
  const key = `${kind}.${name}`;
  return Object.hasOwn(en, key) ? t(key as Key) : name.replaceAll('_', ' ');
}
