import { z } from 'zod';
import type { DirectClient } from '../client';
import type { Action } from '../model/access';
import { grammarOf, type NameKind } from '../model/names';
import type { AccessDirectory, Caller } from './access/directory';
import type { Overview } from './overview';
import type { From, StreamType, Topic } from './live/topics';

/** What routes are served with. */
export interface Services {
  client: DirectClient;
  access: AccessDirectory;
  overview: Overview;
  /** Aborts when the server stops: what waits for something ends then. */
  stopping: AbortSignal;
}

/** One request, of somebody who may make it. */
export interface Call<P, Q, B> extends Services {
  params: P;
  query: Q;
  body: B;
  caller: Caller;
  /** From the header `Idempotency-Key`: the same for each repetition of this request by the same caller. */
  requestId?: string;
  /** The same for all that the caller asks for with this key. */
  keyId?: string;
}

type Schema = z.ZodType;

/**
 * Why a POST is safe to repeat. `key`: with the same `Idempotency-Key` it is the same request. `effect`: done twice, it
 * has the effect of once. `read`: it changes nothing.
 */
type Repeated = { method: 'GET' | 'PUT' | 'DELETE' } | { method: 'POST'; repeated: 'key' | 'effect' | 'read' };

/** A route of the API. Its action decides who may call it. */
export type Route = RouteFields & Repeated;

interface RouteFields {
  /** Below `/api/v1`. One with an action on environments contains `:stack/:environment`. */
  path: string;
  /** `own`: about the caller alone; everybody with a valid token may. */
  action: Action | 'own';
  summary: string;
  tag: string;
  params?: Schema;
  query?: Schema;
  body?: Schema;
  answer: Schema;
  /** Made many times a second by a person at a terminal: counts against a limit of its own. */
  frequent?: boolean;
  /** Answered from what the server knows of the caller, whom alone the answer depends on. */
  fromMemory?: true;
  /** Default 200. */
  status?: 200 | 201 | 202 | 204;
  handle(call: Call<unknown, unknown, unknown>): Promise<unknown>;
  /** The types of its stream; the first one by default. */
  streams?: readonly StreamType[];
  /** The topic with which a request is answered as a stream; undefined if it is answered at once. */
  follow?(query: unknown, params: unknown): Followed | undefined;
}

/** What a stream is about, and where it begins. */
export interface Followed {
  topic: Topic;
  from: From;
}

interface TypedFields<P extends Schema, Q extends Schema, B extends Schema, A extends Schema> extends Omit<
  RouteFields,
  'handle' | 'follow'
> {
  params?: P;
  query?: Q;
  body?: B;
  answer: A;
  follow?(query: z.output<Q>, params: z.output<P>): Followed | undefined;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answered<z.output<A>>>;
}

/** What a handler may return for an answer: dates become text, and fields beyond those of the schema may be there. */
type Answered<T> = T extends undefined
  ? undefined | void
  : T extends string
    ? T | Date
    : T extends readonly (infer Entry)[]
      ? readonly Answered<Entry>[]
      : T extends object
        ? { [K in keyof T as string extends K ? never : K]: Answered<T[K]> }
        : T;

/** True for what changes nothing. */
export function isRead(route: Route): boolean {
  return route.method === 'GET' || (route.method === 'POST' && route.repeated === 'read');
}

/** Defines a route, whose handler has the types of its schemas. */
export function route<
  P extends Schema = z.ZodUndefined,
  Q extends Schema = z.ZodUndefined,
  B extends Schema = z.ZodUndefined,
  A extends Schema = z.ZodUndefined,
>(of: TypedFields<P, Q, B, A> & Repeated): Route {
  const { query, body } = of;
  return { ...of, ...(query && { query: strict(query) }), ...(body && { body: strict(body) }) } as unknown as Route;
}

/** Refuses fields that a schema does not have: a misspelt one would do nothing, and nobody would know. */
function strict(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional) return strict(schema.unwrap() as Schema).optional();
  if (schema instanceof z.ZodNullable) return strict(schema.unwrap() as Schema).nullable();
  if (!(schema instanceof z.ZodObject)) return schema;
  const known = stricts.get(schema);
  if (known) return known;
  const meta = schema.meta();
  const made = meta ? schema.strict().meta(meta) : schema.strict();
  stricts.set(schema, made);
  return made;
}

/** A schema of two routes is described once. */
const stricts = new WeakMap<Schema, Schema>();

const longestName = 600;
const longestCiphertext = 350_100;

/**
 * A name of a kind, with its grammar in the schema: not that of a pattern with Unicode properties, which few programs
 * can read.
 */
export function name(kind: NameKind): z.ZodString {
  const { pattern, hint } = grammarOf(kind);
  const text = z.string().max(kind === 'ciphertext' ? longestCiphertext : longestName);
  return pattern.unicode ? text.min(1).refine((value) => pattern.test(value), hint) : text.regex(pattern, hint);
}

/** Names a schema in the description: programs made from it have a type of this name. */
export function named<S extends Schema>(id: string, schema: S): S {
  return schema.meta({ id }) as S;
}

export const place = z.object({ stack: name('stack'), environment: name('environment') });

/** An answer whose fields beyond these may grow. */
export const answerOf = z.looseObject;

/** A route that only does something. */
export const done = { answer: z.undefined(), status: 204 } as const;

/** A word of an address that is true or false. */
export const flag = z.stringbool().meta({ type: 'boolean' });

/** A moment in ISO 8601, with its zone. */
export const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
