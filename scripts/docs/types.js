// The type of a key, in words, from its JSON Schema.
const { z } = require('zod');
const values = require('../../dist/config/schema/values');
const { code } = require('./markdown');

const toJson = (schema) => z.toJSONSchema(schema, { unrepresentable: 'any' });
const shape = ({ description: _, $schema: __, ...rest }) => JSON.stringify(sorted(rest));

function sorted(data) {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
}

/** Values that have a name of their own, and stand in the table at the head of the page. */
const named = [
  { name: 'duration', schema: values.duration, meaning: toJson(values.duration).description },
  { name: 'size', schema: values.size, meaning: `${toJson(values.size).description} Units are powers of 1024.` },
  { name: 'command', schema: values.command, meaning: toJson(values.command).description },
  { name: 'assignments', schema: values.assignments, meaning: '`{KEY: value}` or `["KEY=value"]`.' },
].map(({ schema, ...rest }) => ({ ...rest, shape: shape(toJson(schema)) }));

const simple = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: '`true`, `false`',
  null: 'nothing',
};

function typeOf(schema) {
  const known = named.find((value) => value.shape === shape(schema));
  if (known) return known.name;
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.anyOf) return eitherOf(schema.anyOf.map(typeOf));
  if (Array.isArray(schema.type)) return eitherOf(schema.type.map((type) => simple[type]));
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type === 'object')
    return schema.properties ? 'map' : `map of name to ${typeOf(schema.additionalProperties)}`;
  return `${simple[schema.type]}${rangeOf(schema)}`;
}

function eitherOf(types) {
  const different = [...new Set(types)].filter((type) => type !== 'nothing');
  return different.some((type) => type.includes(' of '))
    ? different.join('; or ')
    : different.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

const isLimit = (value) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
const upTo = (maximum) => (isLimit(maximum) ? `, at most ${maximum}` : '');

function rangeOf({ type, minimum, maximum, exclusiveMinimum }) {
  if (type === 'number' && exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${upTo(maximum)}`;
  const from = exclusiveMinimum === undefined ? minimum : exclusiveMinimum + 1;
  if (isLimit(from) && isLimit(maximum)) return ` ${from} to ${maximum}`;
  return isLimit(from) && from > 0 ? ` from ${from}` : '';
}

module.exports = { named, shape, toJson, typeOf };
