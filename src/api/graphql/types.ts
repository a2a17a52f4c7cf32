import {
  GraphQLBoolean,
  GraphQLFloat,
  type GraphQLInputType,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLScalarType,
  GraphQLString,
  valueFromASTUntyped,
} from 'graphql';
import { z } from 'zod';
import { inlineSchema } from '../described-schemas';
import { capital } from './names';

/** Types of GraphQL from the schemas of routes, so that both say the same. */

interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: unknown;
}

export const Json = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any data that JSON has.',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

const namePattern = /^[A-Za-z][A-Za-z0-9_]*$/;
const scalars: Record<string, GraphQLScalarType> = {
  string: GraphQLString,
  integer: GraphQLInt,
  number: GraphQLFloat,
  boolean: GraphQLBoolean,
};

/** The type of an answer. `more`: further fields of it. */
export function outputOf(
  schema: z.ZodType,
  name: string,
  more: (taken: string[]) => ConstructorParameters<typeof GraphQLObjectType>[0]['fields'] = () => ({}),
): GraphQLOutputType {
  return output(jsonOf(schema, 'output'), name, more);
}

function output(schema: JsonSchema, name: string, more?: Parameters<typeof outputOf>[2]): GraphQLOutputType {
  const { type = '', properties = {}, required = [], items, additionalProperties } = schema;
  if (type === 'array') return new GraphQLList(new GraphQLNonNull(output(items ?? {}, `${name}Entry`)));
  const known = Object.entries(properties).filter(([key]) => namePattern.test(key));
  if (type !== 'object' || known.length === 0) return scalars[type] ?? Json;
  const fields = known.map(([key, property]) => {
    const found = output(property, `${name}${capital(key)}`);
    const { description } = property;
    return [key, { type: required.includes(key) ? new GraphQLNonNull(found) : found, description }] as const;
  });
  const isOpen = additionalProperties !== undefined && additionalProperties !== false && !('json' in properties);
  const all = { type: new GraphQLNonNull(Json), description: 'Everything, as REST has it.', resolve: itself };
  return new GraphQLObjectType({
    name,
    fields: () => ({
      ...Object.fromEntries(fields),
      ...(isOpen && { json: all }),
      ...(more?.(known.map(([key]) => key)) as object | undefined),
    }),
  });
}

function itself(source: unknown): unknown {
  return source;
}

/** The arguments for the parameters in an address. */
export function argumentsOf(schema: z.ZodType): Record<string, { type: GraphQLInputType; description?: string }> {
  const { properties = {}, required = [] } = jsonOf(schema, 'input');
  const { properties: results = {} } = jsonOf(schema, 'output');
  return Object.fromEntries(
    Object.entries(properties).map(([key, { description, type }]) => {
      // What is read from text has its type in the result only.
      const found = scalars[results[key]?.type ?? type ?? ''] ?? GraphQLString;
      return [key, { type: required.includes(key) ? new GraphQLNonNull(found) : found, description }];
    }),
  );
}

/** The type of a body. */
export function inputOf(schema: z.ZodType, name: string): GraphQLInputType {
  const { properties = {}, required = [] } = jsonOf(schema, 'input');
  const fields = Object.entries(properties).map(([key, property]) => {
    const found = input(property);
    const { description } = property;
    return [key, { type: required.includes(key) ? new GraphQLNonNull(found) : found, description }] as const;
  });
  return fields.length === 0 ? Json : new GraphQLInputObjectType({ name, fields: Object.fromEntries(fields) });
}

function input({ type = '', items }: JsonSchema): GraphQLInputType {
  return type === 'array' ? new GraphQLList(new GraphQLNonNull(input(items ?? {}))) : (scalars[type] ?? Json);
}

function jsonOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return inlineSchema(schema, io);
}
