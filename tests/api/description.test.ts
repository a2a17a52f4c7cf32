import { createApiServer } from '../../src/api';
import { routes } from '../../src/api/routes';
import { ApiEngine } from '../support/api-engine';

interface Operation {
  operationId: string;
  parameters?: { name: string; schema: { type?: string } }[];
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

describe('the description of the API', () => {
  let text: string;
  let paths: Record<string, Record<string, Operation>>;
  let schemas: Record<string, object>;
  const operations = () =>
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
  const operationOf = (id: string) => operations().find(({ operationId }) => operationId === id)!;

  beforeAll(async () => {
    const host = { bound: '127.0.0.1', allowed: [] };
    const app = await createApiServer({ client: new ApiEngine().client, host, version: '0', onFailure: () => {} });
    text = (await app.inject({ url: '/api/v1/openapi.json', headers: { host: '127.0.0.1' } })).body;
    const { components, ...document } = JSON.parse(text) as {
      paths: typeof paths;
      components: { schemas: typeof schemas };
    };
    ({ paths } = document);
    ({ schemas } = components);
    await app.close();
  });

  it('has one name for each operation', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(ids.length).toBeGreaterThan(routes.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
  });

  it('describes each answer by its status and type, and problems by one schema', () => {
    const types = operations().flatMap(({ responses }) =>
      Object.entries(responses).flatMap(([status, { description, content = {} }]) => {
        expect(description).not.toBe('Default Response');
        return Object.keys(content).map((type) => `${status[0]} ${type}`);
      }),
    );
    const ofSuccess = ['application/json', 'text/plain', 'application/x-ndjson', 'text/event-stream'];
    expect(new Set(types)).toEqual(
      new Set([...ofSuccess.map((type) => `2 ${type}`), '4 application/problem+json', '5 application/problem+json']),
    );
    expect(Object.keys(operationOf('whoami').responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '413',
      '422',
      '429',
      '500',
      '503',
    ]);
    expect(operationOf('deploymentResult').responses).toMatchObject({
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/DeploymentResult' } } } },
      409: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    });
    expect(Object.keys(operationOf('live').responses['200']!.content!)).toEqual(['text/event-stream']);
  });

  it('has each schema that it refers to, and no other', () => {
    const used = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(schemas)));
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['DeploymentRequest', 'Environment', 'Instance']));
  });

  it('has types and patterns that programs in any language can read', () => {
    expect(text).not.toMatch(/\\\\[pP]\{/);
    const { parameters } = operationOf('logs');
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'follow', schema: { type: 'boolean' } }));
    const key = expect.objectContaining({ name: 'idempotency-key', in: 'header', required: false });
    expect(operationOf('requestDeployment').parameters).toContainEqual(key);
  });
});
