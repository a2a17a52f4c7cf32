import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createApiServer } from '../../src/api';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';
import { shop } from '../support/memory-stack';
import { describeUnless } from '../support/parts';

const minutes = 60_000;

/** From DEPLOY_CODE_TEST_SCHEMATHESIS, or a folder of PATH. */
function programOf(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'schemathesis'));
  return [process.env.DEPLOY_CODE_TEST_SCHEMATHESIS, ...folders].find((file) => file !== undefined && isProgram(file));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const program = programOf();
const missing = program ? undefined : 'there is no schemathesis: `pip install schemathesis` in a venv, and set PATH';

/** What is not followed here: streams, and the wait for the end of a deployment. */
const streams = ['/live', '/events', '/result', '/graphql'];
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'ignored_auth',
];

describeUnless(missing, 'requests that schemathesis makes of the description of the API', () => {
  const failures: Error[] = [];
  let engine: TestEngine;
  let server: Awaited<ReturnType<typeof createApiServer>>;

  beforeAll(async () => {
    engine = await startEngine('api-schema', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    server = await createApiServer({
      client: engine.client,
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      perMinute: 1_000_000,
      onFailure: (error) => failures.push(error),
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const deployment = await engine.client.deploy(shop({}, {}, 'shop'));
    expect((await deployment.result()).outcome).toBe('succeeded');
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
  });

  it(
    'get no answer that is not described, and none that says that the server failed',
    async () => {
      await engine.client.access.grant({ subject: 'user:root', role: 'admin', scope: '*' });
      const { token } = await engine.client.access.createToken('user:root');
      const folder = mkdtempSync(join(tmpdir(), 'deploy-code-schemathesis-'));
      const place = { stack: 'shop', environment: 'test', 'query.follow': 'false' };
      const lines = Object.entries(place).map(([name, value]) => `"${name}" = "${value}"`);
      writeFileSync(join(folder, 'schemathesis.toml'), ['[parameters]', ...lines, ''].join('\n'));
      const { port } = server.server.address() as AddressInfo;
      const options = {
        header: `Authorization: Bearer ${token}`,
        phases: 'coverage,fuzzing',
        checks: checks.join(','),
        seed: '1',
        'max-examples': '10',
        'request-timeout': '30',
        'generation-database': 'none',
        warnings: 'off',
        'exclude-path-regex': `(${streams.join('|')})$`,
      };
      const { code, output } = await run(program!, folder, [
        'run',
        `http://127.0.0.1:${port}/api/v1/openapi.json`,
        '--no-color',
        '--continue-on-failure',
        ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      ]);
      expect(failures.map(({ message }) => message)).toEqual([]);
      if (code !== 0) throw new Error(output);
    },
    20 * minutes,
  );
});

function run(file: string, cwd: string, words: string[]): Promise<{ code: number; output: string }> {
  const options = { cwd, timeout: 18 * minutes, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(file, words, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}
