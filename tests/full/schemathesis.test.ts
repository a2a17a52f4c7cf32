import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { serveApi, type ApiServer } from '../support/api-server';
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

/**
 * Schemathesis compares each message of a stream with the schema of the whole, and `/live` never ends. Tests of their
 * own follow them: tests/api/live.
 */
const streams = [
  'GET /api/v1/live',
  'GET /api/v1/environments/{stack}/{environment}/deployments/{deployment}/events',
] as const;
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'ignored_auth',
];
const options = {
  phases: 'coverage,fuzzing',
  checks: checks.join(','),
  seed: '1',
  'max-examples': '10',
  'request-timeout': '60',
  'generation-database': 'none',
  // They are about the time that data takes to be made, not about answers.
  'suppress-health-check': 'all',
  warnings: 'off',
  'exclude-path-regex': '/(live|events)$',
  report: 'json',
  'report-json-path': 'report.json',
};

/** What exists: random names would find nothing. */
const parameters = {
  'path.stack': 'shop',
  'path.environment': 'test',
  'path.deployment': '1',
  'path.release': '1',
  'query.follow': 'false',
};

interface Report {
  operations: { total: number; selected: number; tested: number };
  phases: Record<string, { status: string }>;
  test_cases: { generated: number };
  /** By operation and phase: how many valid requests the server has accepted. */
  valid_rates: Record<string, Record<string, { accepted: number }>>;
}

const inEnvironment = 'GET /api/v1/environments/{stack}/{environment}';
/** Reads of what random requests bring about by chance only: commands that run in an instance, and schedules. */
const perhapsRead = [
  `${inEnvironment}/instances/{instance}/sessions/{session}/messages`,
  `${inEnvironment}/instances/{instance}/sessions/{session}/result`,
  `${inEnvironment}/schedules/{schedule}`,
];

describeUnless(missing, 'requests that schemathesis makes of the description of the API', () => {
  const failures: Error[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-schemathesis-'));
  let engine: TestEngine;
  let server: ApiServer;

  beforeAll(async () => {
    engine = await startEngine('api-schema', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    server = await serveApi(engine.client, (error) => failures.push(error), { perMinute: 1_000_000 });
    const deployment = await engine.client.deploy(shop({}, {}, 'shop'));
    expect((await deployment.result()).outcome).toBe('succeeded');
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  it(
    'get no answer that is not described, and none that says that the server failed',
    async () => {
      await engine.client.access.grant({ subject: 'user:root', role: 'admin', scope: '*' });
      const { token } = await engine.client.access.createToken('user:root');
      const lines = Object.entries(parameters).map(([name, value]) => `"${name}" = "${value}"`);
      writeFileSync(join(folder, 'schemathesis.toml'), ['[parameters]', ...lines, ''].join('\n'));
      const address = `${server.url}/api/v1/openapi.json`;
      const given = { ...options, header: `Authorization: Bearer ${token}` };
      const { code, output } = await run(program!, folder, [
        'run',
        address,
        '--no-color',
        '--continue-on-failure',
        ...Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]),
      ]);
      if (code !== 0) throw new Error(output);
      expect(failures.map(({ message }) => message)).toEqual([]);

      const { paths } = (await (await fetch(address)).json()) as { paths: Record<string, object> };
      const all = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      const wanted = all.filter((each) => !(streams as readonly string[]).includes(each));
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
      expect(wanted.length).toBe(all.length - streams.length);
      expect(report.operations).toMatchObject({ total: all.length, selected: wanted.length, tested: wanted.length });
      expect(report.phases).toMatchObject({ coverage: { status: 'success' }, fuzzing: { status: 'success' } });
      expect(report.test_cases.generated).toBeGreaterThan(2000);
      // Where every answer is a refusal, hardly anything has been tested.
      const accepted = Object.entries(report.valid_rates)
        .filter(([, phases]) => Object.values(phases).some((phase) => phase.accepted > 0))
        .map(([operation]) => operation);
      const refused = wanted.filter((each) => !accepted.includes(each));
      expect(refused.filter((each) => each.startsWith('GET ') && !perhapsRead.includes(each))).toEqual([]);
      expect(accepted.length).toBeGreaterThan(wanted.length * 0.7);
    },
    16 * minutes,
  );
});

/** More than this is no test any more. */
const longest = 15 * minutes;

function run(file: string, cwd: string, words: string[]): Promise<{ code: number; output: string }> {
  const limits = { cwd, timeout: longest, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(file, words, limits, (error, stdout, stderr) =>
      resolve({
        code: error ? Number(error.code ?? 1) : 0,
        output: `${stdout}${stderr}${error?.killed ? `\nit took more than ${longest / minutes} minutes` : ''}`,
      }),
    );
  });
}
