import { seal, sealableBytes, sealableText, sealableVariables, SealProblem } from '../../guard/sealing';
import type { SealingKey, SealingValues, SecretSource } from '../../model/instance';
import type { Stack } from '../../model/stack';
import { replaceSources, sourcesOf, storedNamesOf } from '../../model/stack/secret-sources';
import { referencesIn } from '../../model/text/marks';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../place';

/** What sealing needs of the engine. */
export interface Sealer {
  sealingKey(): Promise<SealingKey>;
  /** Ciphertexts of the secrets that the environment stores, by name. */
  stored(): Promise<Record<string, string>>;
}

/**
 * The stack with values as sealed secrets, which only the engine can open, and only for this stack; and with the stored
 * secrets that it uses as they are now.
 * @throws BadRequest if one of those is not stored, or a value is too large
 */
export async function sealStack(stack: Stack, values: SealingValues, engine: Sealer): Promise<Stack> {
  const names = new Set([...storedIn(stack), ...Object.values(values).flatMap(referencesOf)]);
  const isPlain = Object.keys(values).length === 0;
  if (isPlain && names.size === 0) return stack;
  const stored = names.size === 0 ? {} : await engine.stored();
  requireAll(names, stored, stack);
  const sources = isPlain ? {} : sealed(stack, values, { key: await engine.sealingKey(), stored });
  return replaceSources(stack, (name, source) =>
    'stored' in source ? { ...source, sealed: stored[source.stored]! } : (sources[name] ?? source),
  );
}

/**
 * The stack with the stored secrets that it uses as they are now, whatever ciphertexts of them it holds.
 * @throws BadRequest if one is not stored
 */
export async function withStored(stack: Stack, read: Sealer['stored']): Promise<Stack> {
  const names = new Set(sourcesOf(stack).flatMap(storedNamesOf));
  if (names.size === 0) return stack;
  const stored = await read();
  requireAll(names, stored, stack);
  return replaceSources(stack, (_name, source) => {
    if ('stored' in source) return { ...source, sealed: stored[source.stored]! };
    if (!('parts' in source) || !source.parts) return source;
    const parts = Object.keys(source.parts).map((name) => [name, stored[name]!]);
    return { ...source, parts: Object.fromEntries(parts) };
  });
}

function storedIn(stack: Stack): string[] {
  return sourcesOf(stack).flatMap((source) => ('stored' in source ? [source.stored] : []));
}

function requireAll(names: ReadonlySet<string>, stored: Record<string, string>, stack: Stack): void {
  const missing = [...names].filter((name) => !Object.hasOwn(stored, name));
  if (missing.length === 0) return;
  const { stack: name, environment } = placeOf(stack);
  throw new BadRequest(
    `not stored for ${name}/${environment}: ${missing.join(', ')}; store each with ` +
      `\`deploy-code secret set ${missing[0]}\`. Nothing was changed`,
  );
}

function sealed(
  { name: stack, environment }: Stack,
  values: SealingValues,
  { key, stored }: { key: SealingKey; stored: Record<string, string> },
): Record<string, SecretSource> {
  const entries = Object.entries(values).map(([name, value]): [string, SecretSource] => {
    const names = referencesOf(value);
    const ciphertext = sealValue(value, key, { stack, environment, name });
    if (names.length === 0) return [name, { sealed: ciphertext }];
    return [name, { sealed: ciphertext, parts: Object.fromEntries(names.map((each) => [each, stored[each]!])) }];
  });
  return Object.fromEntries(entries);
}

function referencesOf(value: Sealable): string[] {
  if (value instanceof Uint8Array) return [];
  const texts = typeof value === 'string' ? [value] : Object.values(value);
  return [...new Set(texts.flatMap(referencesIn))];
}

type Sealable = SealingValues[string];

/** Seals a text, bytes or variables. @throws BadRequest if they are too large */
export function sealValue(value: Sealable, key: SealingKey, purpose: Parameters<typeof seal>[2]): string {
  try {
    return seal(sealable(value), key, purpose);
  } catch (error) {
    throw error instanceof SealProblem ? new BadRequest(error.message) : error;
  }
}

function sealable(value: Sealable): Buffer {
  if (typeof value === 'string') return sealableText(value);
  return value instanceof Uint8Array ? sealableBytes(value) : sealableVariables(value);
}
