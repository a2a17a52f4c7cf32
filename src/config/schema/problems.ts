import { z } from 'zod';
import type { Finding } from '../problems';
import { didYouMean, mostSimilar } from './suggest';

const mostListed = 12;

/** The message about a key that is missing. */
export const required = 'is required';

const unknownKeyStart = 'is not a key here';

type Issue = z.core.$ZodIssue;

/** Turns issues of a schema into findings, with "did you mean" for misspelt keys. */
export function schemaFindings(schema: z.ZodType, issues: readonly Issue[], path: PropertyKey[] = []): Finding[] {
  return issues.flatMap((issue) => {
    const at = [...path, ...issue.path] as (string | number)[];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...at, key], ...unknownKey(keysAt(schema, at), key) }));
    if (issue.code === 'invalid_union') return unionFindings(schema, issue, at);
    if (issue.code === 'invalid_key')
      return [{ path: at, message: `is not a valid name: ${issue.issues[0]?.message ?? issue.message}` }];
    return [{ path: at, message: sentence(issue) }];
  });
}

function unionFindings(schema: z.ZodType, issue: z.core.$ZodIssueInvalidUnion, at: (string | number)[]): Finding[] {
  if (issue.errors.length === 0) return [{ path: at, message: `must be ${oneOf(literalsAt(schema, at))}` }];
  const chosen = likeliest(issue.errors);
  const isAsWhole = chosen.length === 1 && chosen[0]!.path.length === 0 && formOf(chosen[0]!) !== undefined;
  const isOfNoForm = isAsWhole && (isStructure(chosen[0]!.input) || chosen[0]!.code === 'invalid_value');
  if (!isOfNoForm) return schemaFindings(schema, chosen, at);
  const forms = issue.errors.map((issues) => (issues.length === 1 ? formOf(issues[0]!) : undefined));
  const keys = keysAt(schema, at);
  const known = [...new Set(forms.filter((form) => form !== undefined))].map((form) =>
    form === 'a map' && keys.length > 0 && keys.length <= mostListed ? `a map with ${keys.join(', ')}` : form,
  );
  return [{ path: at, message: `must be ${known.join(', or ')}` }];
}

/** What an alternative of a union takes, if a value is none of that at all. */
function formOf(issue: Issue): string | undefined {
  if (issue.path.length > 0) return undefined;
  if (issue.code === 'invalid_type') return article(issue.expected, {});
  return issue.code === 'invalid_value' ? oneOf(issue.values) : undefined;
}

function sentence(issue: Issue): string {
  if (issue.code === 'invalid_type')
    return issue.input === undefined && issue.message.includes('undefined')
      ? required
      : `must be ${article(issue.expected, issue.input)}`;
  if (issue.code === 'invalid_value') return `must be ${oneOf(issue.values)}`;
  if ((issue.code === 'too_small' || issue.code === 'too_big') && issue.message.startsWith('Too ')) return limit(issue);
  return issue.message;
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`;
}

/** The words for a limit that the schema has no words for. */
function limit(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const exclusive = issue.code === 'too_small' ? 'more than' : 'less than';
  const inclusive = issue.code === 'too_small' ? 'at least' : 'at most';
  const amount = `${issue.inclusive === false ? exclusive : inclusive} ${String(bound)}`;
  if (issue.origin === 'string') return `must have ${amount} characters`;
  return issue.origin === 'array' ? `must have ${amount} entries` : `must be ${amount}`;
}

/** True for a map or a list, which quotes would not make text. */
function isStructure(input: unknown): boolean {
  return typeof input === 'object' && input !== null;
}

const words: Record<string, string> = {
  record: 'a map',
  object: 'a map',
  array: 'a list',
  string: 'text (put it in quotes)',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
};

function article(expected: string, input: unknown): string {
  return expected === 'string' && isStructure(input) ? 'text' : (words[expected] ?? expected);
}

/** Picks the alternative of a union that the input resembles most: its errors are the deepest and fewest. */
function likeliest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]) =>
    Math.max(...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));
  const misfit = (issues: readonly Issue[]) =>
    issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type') ? 1 : 0;
  const [first] = [...alternatives].sort((a, b) => misfit(a) - misfit(b) || depth(b) - depth(a) || a.length - b.length);
  return first ?? [];
}

function unknownKey(known: readonly string[], key: string): Pick<Finding, 'message' | 'meant'> {
  const meant = mostSimilar(key, known);
  if (meant !== undefined) return { message: `${unknownKeyStart}${didYouMean(key, known)}`, meant };
  const remedy =
    known.length > mostListed
      ? 'see docs/configuration.md or `deploy-code schema` for the keys'
      : `use one of ${known.join(', ')}`;
  return { message: `${unknownKeyStart}; ${remedy}` };
}

function keysAt(schema: z.ZodType, path: (string | number)[]): string[] {
  const keys = schemasAt(schema, path).flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : []));
  return [...new Set(keys)];
}

/** The values of the key that tells the alternatives of a union apart. */
function literalsAt(schema: z.ZodType, path: (string | number)[]): unknown[] {
  return schemasAt(schema, path).flatMap((each) => (each instanceof z.ZodLiteral ? [...each.values] : []));
}

function schemasAt(schema: z.ZodType, path: (string | number)[]): z.ZodType[] {
  let level: z.ZodType[] = alternatives(schema);
  for (const key of path) level = level.flatMap((each) => below(each, key)).flatMap(alternatives);
  return level;
}

function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return alternatives(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(alternatives);
  if (schema instanceof z.ZodPipe) return alternatives(schema.out as z.ZodType);
  return [schema];
}

function below(schema: z.ZodType, key: string | number): z.ZodType[] {
  if (schema instanceof z.ZodObject) return key in schema.shape ? [schema.shape[key] as z.ZodType] : [];
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType];
  return [];
}
