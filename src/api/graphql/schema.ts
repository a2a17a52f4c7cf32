import type { FastifyRequest } from 'fastify';
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { z } from 'zod';
import { requireAction } from '../access/admission';
import type { Audience } from '../live/audience';
import type { LiveMessage } from '../live';
import { topicOf, topicRules } from '../live/topics';
import { perform } from '../perform';
import { ApiProblem } from '../problems';
import { isRead, type Route, type Services } from '../route';
import { belongsToEnvironment, capital, isEnvironment, namesOf } from './names';
import { argumentsOf, inputOf, Json, outputOf } from './types';

/**
 * The schema of GraphQL, made of the routes of REST: a field has the permission, the checks and the work of its route,
 * and a route that is added is a field.
 */

/** What resolvers know of their request. */
export interface Asking {
  http: FastifyRequest;
  services: Services;
  audience: Audience;
  /** Aborts when the client goes. */
  gone: AbortSignal;
}

/** Executes one request. */
export type Execute = (asking: Asking) => Promise<Response>;

type Field = GraphQLFieldConfig<unknown, Asking>;
type Arguments = Record<string, unknown>;

/** Names of an environment, which its own fields have from it. */
const placeNames = ['stack', 'environment'];

export function schemaOf(routes: readonly Route[]): GraphQLSchema {
  const fields = new Fields(routes);
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: fields.where(isRead) }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields: fields.where((route) => !isRead(route)) }),
    subscription: new GraphQLObjectType({ name: 'Subscription', fields: { live } }),
  });
}

/** Fields that ask the engine, by name. */
export function readsOf(routes: readonly Route[]): Set<string> {
  const names = [...namesOf(routes).values()];
  return new Set([...names, ...names.map(listName), 'live']);
}

/** One type for each route, wherever it is a field. */
class Fields {
  private readonly types = new Map<Route, Field['type']>();
  private readonly inputs = new Map<Route, ReturnType<typeof inputOf>>();

  private readonly names: Map<Route, string>;

  constructor(private readonly routes: readonly Route[]) {
    this.names = namesOf(routes);
  }

  where(isWanted: (route: Route) => boolean): Record<string, Field> {
    const wanted = this.routes.filter(isWanted);
    return Object.fromEntries(wanted.map((each) => [this.names.get(each)!, this.fieldOf(each)]));
  }

  private fieldOf(route: Route): Field {
    const { body, summary } = route;
    const name = capital(this.names.get(route)!);
    const all = { ...addressOf(route), ...(body && { input: { type: this.inputFor(route, name) } }) };
    const key = { type: GraphQLString, description: 'a repetition with the same key is the same request' };
    return {
      type: this.typeOf(route, name),
      description: summary,
      args: { ...all, ...(route.method === 'POST' && !isRead(route) && { idempotencyKey: key }) },
      resolve: (_, given, asking) => resolve(route, given, asking),
    };
  }

  private inputFor(route: Route, name: string): ReturnType<typeof inputOf> {
    const known = this.inputs.get(route) ?? inputOf(route.body!, `${name}Input`);
    this.inputs.set(route, known);
    return known;
  }

  private typeOf(route: Route, name: string): Field['type'] {
    const found = this.types.get(route) ?? this.newType(route, name);
    this.types.set(route, found);
    return found;
  }

  private newType(route: Route, name: string): Field['type'] {
    if (route.status === 204) return GraphQLBoolean;
    return outputOf(
      route.answer,
      name,
      isEnvironment(route) ? (taken) => this.ofEnvironment(taken) as never : undefined,
    );
  }

  /** The parts of an environment, as fields of it. */
  private ofEnvironment(taken: string[]): Record<string, Field> {
    const parts = this.routes.filter(belongsToEnvironment).map((route): [string, Field] => {
      const field = this.fieldOf(route);
      const args = Object.entries(field.args ?? {}).filter(([name]) => !placeNames.includes(name));
      const name = this.names.get(route)!;
      return [
        taken.includes(name) ? listName(name) : name,
        {
          ...field,
          args: Object.fromEntries(args),
          resolve: (source, given, asking) =>
            resolve(route, { ...given, ...(source as { place: Arguments }).place }, asking),
        },
      ];
    });
    return Object.fromEntries(parts);
  }
}

function listName(name: string): string {
  return `${name}List`;
}

function addressOf({ params, query }: Route): ReturnType<typeof argumentsOf> {
  return { ...(params && argumentsOf(params)), ...(query && argumentsOf(query)) };
}

/** Does what the route does, for somebody who may. */
async function resolve(route: Route, given: Arguments, { http, services }: Asking): Promise<unknown> {
  const { input, idempotencyKey: key, ...address } = given;
  const caller = http.caller!;
  requireAction(caller, route.action, address);
  const result = await perform(services, route, {
    caller,
    ip: http.ip,
    params: read(route.params, address),
    query: read(route.query, textsOf(without(address, route.params))),
    body: read(route.body, input ?? {}),
    key: key ?? undefined,
  });
  return route.status === 204 ? true : route.answer.parse(result);
}

/** What is no name in the path. */
function without(address: Arguments, params: z.ZodType | undefined): Arguments {
  const names = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
  return Object.fromEntries(Object.entries(address).filter(([name]) => !names.includes(name)));
}

/** As an address has them. */
function textsOf(given: Arguments): Record<string, string> {
  const texts = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value as string)]],
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

/** @throws ApiProblem if the data does not fit a schema */
function read(schema: z.ZodType | undefined, data: unknown): unknown {
  if (!schema) return undefined;
  const { data: found, error } = schema.safeParse(JSON.parse(JSON.stringify(data)));
  if (!error) return found;
  throw new ApiProblem('bad_input', 'the arguments do not fit the schema of this field', {
    problems: error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join('.'), message })),
  });
}

const live: Field = {
  type: new GraphQLObjectType({
    name: 'LiveMessage',
    fields: {
      name: { type: new GraphQLNonNull(GraphQLString) },
      id: { type: GraphQLString, description: 'where a client resumes that has this message' },
      data: { type: new GraphQLNonNull(Json) },
    },
  }),
  description: `Follows a topic: ${Object.values(topicRules)
    .map(({ form }) => form)
    .join(', ')}`,
  args: {
    topic: { type: new GraphQLNonNull(GraphQLString) },
    after: { type: GraphQLString, description: 'id of the last message that you have' },
    tail: { type: GraphQLInt, description: 'of logs: lines of each instance from before' },
  },
  subscribe: (_, given, asking) => follow(given as LiveArguments, asking),
};

interface LiveArguments {
  topic: string;
  after?: string | null;
  tail?: number | null;
}

const longestTail = 1000;

async function* follow(
  { topic, after, tail }: LiveArguments,
  { http, audience, gone }: Asking,
): AsyncGenerator<{ live: LiveMessage }> {
  if (typeof tail === 'number' && (tail < 0 || tail > longestTail))
    throw new ApiProblem('bad_input', `tail must be 0 to ${longestTail}`);
  const from = { ...(typeof after === 'string' && { after }), ...(typeof tail === 'number' && { tail }) };
  const leave = audience.admit(http.caller!);
  try {
    for await (const message of audience.follow(http, topicOf(topic), from, gone)) yield { live: message };
  } finally {
    leave();
  }
}
