import { STATUS_CODES } from 'node:http';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actions } from '../model/access';
import { keyPattern } from './body';
import { withTidySchemas, type Described } from './described-schemas';
import type { StreamType } from './live/topics';
import { problemCodes, type ProblemCode } from './problems';
import { named, type Route } from './route';

/** The description of the API, OpenAPI 3.1. */

const codes = Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]];

const problem = named(
  'Problem',
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('what is wrong'),
    code: z.enum(codes),
    exitCode: z.int().optional().describe('that of the command line for the same problem'),
    advice: z.string().optional().describe('what to do'),
    problems: z
      .array(z.looseObject({ path: z.string(), message: z.string() }))
      .optional()
      .describe('of a request that does not fit its schema'),
  }),
);

const statuses = [...new Set(codes.map((code) => problemCodes[code].status))];

/** Each route may answer with these besides; only a deployment can be lost, or not have ended. */
export function problemResponses(path: string) {
  const isOfDeployment = path.includes(':deployment');
  const possible = statuses.filter((status) => isOfDeployment || status !== problemCodes.lost.status);
  return Object.fromEntries(
    possible.map((status) => [
      status,
      {
        description: codes
          .filter((code) => problemCodes[code].status === status && (isOfDeployment || code !== 'not_ended'))
          .map((code) => `${problemCodes[code].title}: \`${code}\``)
          .join('; '),
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

/** An answer that is written while it lasts. */
export function streamResponse(...types: readonly StreamType[]) {
  const content = Object.fromEntries(types.map((type) => [type, { schema: z.string() }]));
  return { description: 'A stream', content };
}

/** The answer of a route, and how it is described. */
export function responseOf({ status = 200, answer, streams = [] }: Pick<Route, 'status' | 'answer' | 'streams'>) {
  if (status === 204) return { 204: z.null().describe('Done') };
  const content = { 'application/json': { schema: answer }, ...streamResponse(...streams).content };
  return { [status]: { description: STATUS_CODES[status], content } };
}

/** The header that makes a request safe to repeat. It is checked where it is read. */
export const repeatableHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .meta({ description: 'a repetition with the same key is the same request', pattern: keyPattern.source })
    .optional(),
});

/** Below which all routes are. */
export const prefix = '/api/v1';

/** Makes `app.swagger()` describe the routes that are added after it. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'deploy-code', version, description: 'The API of a deployment engine.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withTidySchemas(jsonSchemaTransformObject(document) as Described) as never,
  });
}

/** Who may call a route. */
export function ruleOf(action: Route['action'] | 'hook'): string {
  if (action === 'own') return 'For everybody with a valid token.';
  if (action === 'hook') return 'Needs no token: the secret of the trigger decides, for its own environment only.';
  const { role, on } = actions[action];
  return `Needs the role ${role} on ${on === 'installation' ? 'everything (`*`)' : 'the environment'}: \`${action}\`.`;
}
