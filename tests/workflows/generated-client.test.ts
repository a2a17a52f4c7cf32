import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { serveApi, type ApiServer } from '../support/api-server';
import { startEngine, type TestEngine } from '../support/engine';
import { shop } from '../support/memory-stack';

const run = promisify(execFile);
const strict = ['--strict', '--noUncheckedIndexedAccess', '--noUnusedLocals', '--noImplicitReturns', '--skipLibCheck'];
const compiled = ['--module', 'node20', '--target', 'es2022', '--types', 'node'];

/** Uses the client as a program of somebody else would: by names and types alone. */
const program = `
import { readFileSync } from 'node:fs';
import * as api from './client.js';

const { TOKEN, ADDRESS: baseUrl } = process.env;
api.defaults.baseUrl = baseUrl!;
api.defaults.headers = { authorization: \`Bearer \${TOKEN}\` };
const stack = JSON.parse(readFileSync('stack.json', 'utf8')) as NonNullable<api.DeploymentRequest['stack']>;
const here = [stack.name, stack.environment] as const;

/** The answer of a request that has to succeed. */
async function ok<A extends { status: number; data: unknown }>(answer: Promise<A>) {
  const { status, data } = await answer;
  if (status < 300) return data as Extract<A, { status: 200 | 202 }>['data'];
  const problem = data as api.Problem;
  throw new Error(\`\${problem.code}: \${problem.detail}\`);
}

async function deploy(request: api.DeploymentRequest, idempotencyKey: string) {
  const { id, place } = await ok(api.requestDeployment(...here, request, { idempotencyKey }));
  const { outcome, release, durationMs } = await ok(api.deploymentResult(...here, id));
  return { id, place, outcome, release, took: durationMs > 0 };
}

/** All entries of a list, which come in pages. */
async function history(limit: number): Promise<api.DeploymentEntry[][]> {
  const pages: api.DeploymentEntry[][] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await ok(api.deployments(...here, { limit, cursor }));
    pages.push(page.deployments);
    cursor = page.next;
  }
  return pages;
}

/** The first lines of a stream, as text. */
async function textOf(part: string): Promise<string> {
  let text = '';
  const untilPart: typeof fetch = async (...request) => {
    const { body, status } = await fetch(...request);
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(part)) break;
    }
    return new Response(text, { status });
  };
  await api.logs(...here, { follow: true, tail: 10 }, { fetch: untilPart, headers: { accept: 'text/plain' } });
  return text;
}

async function problemOf(answer: ReturnType<typeof api.environment>): Promise<api.Problem['code'] | undefined> {
  const found = await answer;
  switch (found.status) {
    case 200:
      return undefined;
    case 403:
    case 404:
      return found.data.code;
    default:
      throw new Error(found.data.detail);
  }
}

async function main() {
  const first = await deploy({ stack, reason: 'the first' }, 'first');
  const again = await deploy({ stack, reason: 'the first' }, 'first');
  const second = await deploy({ images: { web: 'web:2' } }, 'second');
  const { events, plan } = await ok(api.deployment(...here, second.id));
  const { current, numbers, queue } = await ok(api.environment(...here));
  const pages = await history(1);
  const { instances } = await ok(api.instances(...here));
  const { logs } = await ok(api.logs(...here, { services: 'web,api' }));
  const { environments } = await ok(api.environments());
  const refused = await api.requestDeployment(...here, { kind: 'restart', services: ['nothing'] });
  // @ts-expect-error a kind of deployment that there is not
  const wrong = await api.requestDeployment(...here, { kind: 'explode' });
  // @ts-expect-error a field that no answer has
  const unknown: unknown = first.outcomes;
  return {
    first: { ...first, id: first.id.length > 0 },
    again: again.id === first.id,
    second: { ...second, id: second.id.length > 0 },
    titles: plan?.phases.flatMap(({ services }) => services.map(({ name, action }) => \`\${name} \${action}\`)),
    counted: events.every(({ sequence }, index) => sequence === index + 1) && events.length > 0,
    state: { current: current?.release, numbers, queue },
    pages: pages.map((page) => page.map(({ deployment, status, result }) => [deployment, status, result?.outcome])),
    instances: instances.map(({ name, health, image }) => [name, health, image]),
    lines: logs.flatMap(({ service, lines }) => lines.map((line) => \`\${service}: \${line}\`)),
    text: await textOf('log of web'),
    environments,
    missing: await problemOf(api.environment(stack.name, 'nothing')),
    forbidden: await problemOf(api.environment('nothing', 'test')),
    here: await problemOf(api.environment(...here)),
    refused: refused.status === 422 && [refused.data.code, refused.data.exitCode],
    wrong: wrong.status === 400 && [wrong.data.code, wrong.data.problems?.[0]?.path],
    unknown,
  };
}

main().then((found) => console.log(JSON.stringify(found)));
`;

describe('a client that is generated from the description of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-generated-'));
  const failures: Error[] = [];
  const stack = shop();
  let engine: TestEngine;
  let server: ApiServer;

  beforeAll(async () => {
    engine = await startEngine('api-client', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    server = await serveApi(engine.client, (error) => failures.push(error));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).text();
    writeFileSync(join(folder, 'openapi.json'), document);
    writeFileSync(join(folder, 'stack.json'), JSON.stringify(stack));
    writeFileSync(join(folder, 'program.ts'), program);
    await run(resolve('node_modules/.bin/oazapfts'), ['openapi.json', 'client.ts'], { cwd: folder });
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
    expect(failures).toEqual([]);
  });

  it('has a name for every operation, and no type that takes everything', () => {
    const client = readFileSync(join(folder, 'client.ts'), 'utf8');
    const functions = [...client.matchAll(/^export function (\w+)/gm)].map(([, name]) => name!);
    expect(functions.length).toBeGreaterThan(70);
    expect(functions.filter((name) => /api|v1|By[A-Z]/i.test(name))).toEqual([]);
    const open = client.split('\n').filter((line) => /\b(any|unknown|object)\b/.test(line) && !/^ *\*/.test(line));
    expect(open.map((line) => line.trim().replace(/ \{ secret .*/, ''))).toEqual([
      // The data of an event, by its code; the stack of a request; services of an amendment.
      ...Array<string>(3).fill('[key: string]: any;'),
      'export function deliverHook(stack: string, environment: string, trigger: string, body: any,',
      // Variables and extensions of a request in GraphQL, and its data.
      ...Array<string>(2).fill('[key: string]: any;'),
      'data?: any;',
    ]);
  });

  it('deploys, reads and refuses with types that a strict program checks', async () => {
    await engine.client.access.grant({ subject: 'service:program', role: 'operator', scope: stack.name });
    const { token } = await engine.client.access.createToken('service:program');
    await run(resolve('node_modules/.bin/tsc'), [...strict, ...compiled, 'program.ts'], { cwd: folder }).catch(
      ({ stdout }: { stdout: string }) => {
        throw new Error(stdout);
      },
    );
    const { stdout } = await run(process.execPath, ['program.js'], {
      cwd: folder,
      env: { ...process.env, TOKEN: token, ADDRESS: server.url },
    });
    const place = { stack: stack.name, environment: 'test' };
    const found = JSON.parse(stdout) as Record<string, unknown>;
    expect(found).toEqual({
      first: { id: true, place, outcome: 'succeeded', release: 1, took: true },
      again: true,
      second: { id: true, place, outcome: 'succeeded', release: 2, took: true },
      titles: ['database keep', 'migrate skip', 'api keep', 'web replace'],
      counted: true,
      state: { current: 2, numbers: { deployment: 2, release: 2 }, queue: [] },
      pages: [[[2, 'succeeded', 'succeeded']], [[1, 'succeeded', 'succeeded']]],
      instances: expect.arrayContaining([[expect.stringContaining('-web-1'), 'healthy', 'web:2']]),
      lines: expect.arrayContaining(['web: log of web', 'api: log of api']),
      text: expect.stringMatching(/^\S*-web-1\S* \| log of web$/m),
      environments: expect.arrayContaining([place]),
      missing: 'not_found',
      forbidden: 'forbidden',
      refused: ['refused', 2],
      wrong: ['bad_input', 'kind'],
    });
  });
});
