import { z } from 'zod';

/** Makes the schemas of a description say what a program made from it needs, and nothing else. */

export interface Described {
  paths?: Record<string, Record<string, { responses?: object }>>;
  components?: { schemas?: Record<string, unknown> };
}

const base = '#/components/schemas/';
const ofInput = /Input$/;

export function withTidySchemas(document: Described): Described {
  const { schemas = {}, ...components } = document.components ?? {};
  const all = Object.entries(schemas).map(([name, schema]) => [name, ofInput.test(name) ? schema : asAnswer(schema)]);
  for (const methods of Object.values(document.paths ?? {}))
    for (const operation of Object.values(methods)) operation.responses = asAnswer(operation.responses) as object;
  const whole = {
    ...document,
    components: { ...components, schemas: Object.fromEntries(all) as Record<string, unknown> },
  };
  return withOneName(withoutUnused(whole));
}

/**
 * An answer may have fields beyond those that are named, which no program can use by name: a type that allows all
 * fields would find no mistake. Integers are those of JSON anyway.
 */
function asAnswer(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(asAnswer);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { properties, ...rest } = schema as Record<string, unknown>;
  const fields = Object.entries((properties as object | undefined) ?? {});
  const isLeftOut = (key: string, value: unknown) => (fields.length > 0 && isOpen(key, value)) || isLimitOfJson(value);
  const kept = Object.entries(rest).filter(([key, value]) => !isLeftOut(key, value));
  return {
    ...Object.fromEntries(kept.map(([key, value]) => [key, asAnswer(value)])),
    ...(fields.length > 0 && { properties: Object.fromEntries(fields.map(([key, value]) => [key, asAnswer(value)])) }),
  };
}

function isOpen(key: string, value: unknown): boolean {
  return key === 'additionalProperties' && typeof value === 'object' && Object.keys(value ?? {}).length === 0;
}

function isLimitOfJson(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) === Number.MAX_SAFE_INTEGER;
}

/** Every named schema comes as one for requests and one for answers. */
function withoutUnused(document: Described): Described {
  const { schemas = {} } = document.components ?? {};
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const name of referencesIn(part)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(document.paths);
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(kept) } };
}

/** A schema of requests has its own name, where no answer has it. */
function withOneName(document: Described): Described {
  const names = Object.keys(document.components?.schemas ?? {});
  const shortOf = (name: string): string => {
    const short = name.replace(ofInput, '');
    return names.includes(short) ? name : short;
  };
  const text = JSON.stringify(document, (key, value: unknown) =>
    key === '$ref' ? base + shortOf((value as string).slice(base.length)) : value,
  );
  const { components, ...rest } = JSON.parse(text) as Described;
  const schemas = Object.entries(components?.schemas ?? {}).map(([name, schema]) => [shortOf(name), schema]);
  return { ...rest, components: { ...components, schemas: Object.fromEntries(schemas) as Record<string, unknown> } };
}

function referencesIn(part: unknown): string[] {
  return [...JSON.stringify(part ?? {}).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name!,
  );
}

/** A schema of JSON with the named schemas where they are used. */
export function inlineSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $defs = {}, ...whole } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return withDefinitions(whole, $defs) as object;
}

function withDefinitions(part: unknown, definitions: Record<string, unknown>): unknown {
  if (Array.isArray(part)) return part.map((each) => withDefinitions(each, definitions));
  if (typeof part !== 'object' || part === null) return part;
  const { $ref: reference, ...rest } = part as { $ref?: string };
  const found = reference === undefined ? {} : definitions[reference.replace('#/$defs/', '')];
  const entries = Object.entries({ ...(found as object), ...rest });
  return Object.fromEntries(entries.map(([key, value]) => [key, withDefinitions(value, definitions)]));
}
