import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actions } from '../model/access';
import { problemCodes } from './problems';
import type { Route } from './route';

/** The description of the API, OpenAPI 3.1. */

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(problemCodes) as [keyof typeof problemCodes, ...(keyof typeof problemCodes)[]]),
});

/** Each route may answer with these besides. */
export const problemResponses = { '4xx': problemSchema, '5xx': problemSchema };

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
    transformObject: (document) => withMediaTypes(jsonSchemaTransformObject(document) as Described) as never,
  });
}

interface Described {
  paths?: Record<string, Record<string, { responses?: Record<string, { content?: Record<string, unknown> }> }>>;
}

/** Names the types that are no plain JSON, which schemas of answers do not tell. */
function withMediaTypes(document: Described): Described {
  for (const [path, methods] of Object.entries(document.paths ?? {}))
    for (const { responses = {} } of Object.values(methods))
      for (const [status, response] of Object.entries(responses)) {
        const { 'application/json': json } = response.content ?? {};
        if (json === undefined) continue;
        if (!status.startsWith('2')) response.content = { 'application/problem+json': json };
        else if (path.endsWith('/events')) response.content = { 'text/event-stream': json };
      }
  return document;
}

/** Who may call a route. */
export function ruleOf(action: Route['action'] | 'hook'): string {
  if (action === 'own') return 'For everybody with a valid token.';
  if (action === 'hook') return 'Needs no token: the secret of the trigger decides, for its own environment only.';
  const { role, on } = actions[action];
  return `Needs the role ${role} on ${on === 'installation' ? 'everything (`*`)' : 'the environment'}: \`${action}\`.`;
}
