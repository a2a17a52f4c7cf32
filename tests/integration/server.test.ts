import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TLSSocket } from 'node:tls';
import { freePort } from '../../src/guard/free-port';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { makeCertificates } from '../support/certificates';
import { cli } from '../support/cli';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { writeStack } from '../support/stack';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-server-'));
const at = (name: string) => join(folder, name);

describe('deploy-code server', () => {
  const host = new MemoryHost();
  const lines: string[] = [];
  let engine: TestEngine;
  let server: ChildProcess;
  let port: number;
  let inner: number;
  let token: string;

  const environment = () => ({ TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'access' });
  const run = (...words: string[]) => cli(words, { cwd: folder, environment: environment() });
  const ask = (path: string, options: RequestOptions = {}) =>
    new Promise<{ status: number; body: string; certificate: string }>((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, ...(options.headers as Record<string, string> | undefined) };
      const target = { host: '127.0.0.1', port, path: `/api/v1${path}`, ca: readFileSync(at('ca.pem')), agent: false };
      httpsRequest({ ...target, ...options, headers }, (response) => {
        let body = '';
        const certificate = (response.socket as TLSSocket).getPeerCertificate().subject.CN as string;
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => done({ status: response.statusCode ?? 0, body, certificate }));
        response.on('error', fail);
      })
        .on('error', fail)
        .end();
    });

  beforeAll(async () => {
    const of = { address: '127.0.0.1', usage: 'serverAuth' } as const;
    makeCertificates(folder, { first: of, second: of });
    for (const part of ['cert', 'key']) copyFileSync(at(`first-${part}.pem`), at(`${part}.pem`));
    engine = await startEngine('access', { runtimes: { memory: createMemoryRuntime(host) } });
    [port, inner] = [await freePort(), await freePort()];
    const words = ['server', '--port', port, '--inner-port', inner, '--tls-cert', 'cert.pem', '--tls-key', 'key.pem'];
    server = spawn(process.execPath, [resolve('bin/deploy-code'), ...words.map(String)], {
      cwd: folder,
      env: { ...process.env, ...environment() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((ready, failed) => {
      server.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${lines.join('\n')}`)));
      createInterface(server.stdout!).on('line', (line) => (lines.push(line), ready()));
    });
  });
  afterAll(async () => {
    server.kill('SIGKILL');
    await engine.close();
  });

  it('says where it is, and lets a token in that the command line has made', async () => {
    const here = `https://127.0.0.1:${port}`;
    expect(lines[0]).toBe(`the API is at ${here}/api/v1, the dashboard at ${here}`);
    await eventually(async () => expect(lines).toHaveLength(2));
    const [, link] = / admin at (https:\S+) \(until /.exec(lines[1]!)!;
    expect(link).toMatch(new RegExp(`^https://127\\.0\\.0\\.1:${port}/auth/invitation/[\\w-]{43}$`));
    expect((await ask('', { path: new URL(link!).pathname })).body).toContain('Welcome, admin');
    expect(await run('access', 'grant', 'service:ci', 'operator', 'shop')).toMatchObject({
      code: 0,
      stdout: 'service:ci is operator on shop\n',
    });
    const { stdout } = await run('access', 'token', 'create', 'service:ci', '--expires', '1h', '--note', 'a pipeline');
    token = stdout.trim();
    const { status, body } = await ask('/whoami');
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { subject: 'service:ci', token: token.split('_')[1], roles: [{ role: 'operator', scope: 'shop' }] },
    ]);
    const listed = await run('access', 'token', 'list');
    expect(listed.stdout).toMatch(new RegExp(`${token.split('_')[1]!}\\s+service:ci .* a pipeline`));
    expect(listed.stdout).not.toContain(token.split('_')[2]);
  });

  it('takes its roles and users out, and gives them again where they are missing', async () => {
    await run('access', 'user', 'add', 'bea');
    const exported = await run('access', 'export');
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(exported.stdout).toMatch(/bindings:\n(.*\n)*? +- subject: service:ci\n +role: operator\n +scope: shop\n/);
    expect(exported.stdout).toMatch(/users:\n(.*\n)*? +- bea\n/);
    expect(exported.stdout).not.toMatch(/dct_|scrypt|[0-9a-f]{32}/);
    const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-roster-')), 'roster.yaml');
    writeFileSync(file, exported.stdout);
    expect((await run('access', 'import', file)).stdout).toBe('everything is there already\n');

    await run('access', 'withdraw', 'service:ci', 'shop');
    await run('access', 'user', 'remove', 'bea');
    const would = await run('access', 'import', file, '--dry-run');
    expect(would.stdout).toMatch(/^would be: service:ci is operator on shop\nwould be: user bea is added; /);
    expect((await run('access', 'export')).stdout).not.toContain('bea');
    const imported = await run('access', 'import', file);
    expect(imported.stdout).toMatch(/^service:ci is operator on shop\nuser bea is added; /);
    expect((await run('access', 'export')).stdout).toBe(exported.stdout);

    writeFileSync(file, 'bindings:\n  - { subject: service:x, role: root, scope: shop }\nuser: [bea]\n');
    const refused = await run('access', 'import', file);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/roster\.yaml:2:\d+ .*role/);
    expect(refused.stderr).toMatch(/roster\.yaml:3:\d+ .*user/);
    await run('access', 'user', 'remove', 'bea');
  });

  it('lets users in whom the command line has invited', async () => {
    const added = await run('access', 'user', 'add', 'alice', '--url', `https://127.0.0.1:${port}/`);
    expect(added.stdout).toMatch(new RegExp(`^https://127\\.0\\.0\\.1:${port}/auth/invitation/[\\w-]{43}\n$`));
    expect((await ask('', { path: new URL(added.stdout).pathname })).body).toContain('Welcome, alice');
    expect(await run('access', 'require-second-factor', 'on')).toMatchObject({ code: 0 });
    expect(await run('access', 'user', 'disable', 'alice')).toMatchObject({ code: 0 });
    expect((await ask('', { path: new URL(added.stdout).pathname })).status).toBe(404);
    expect((await run('access', 'user', 'list')).stdout).toMatch(
      /^NAME +STATE .*\nadmin +invited .*\nalice +disabled /,
    );
    expect(await run('access', 'user', 'remove', 'alice')).toMatchObject({ code: 0, stdout: 'alice is removed\n' });
    expect(await run('access', 'user', 'enable', 'alice')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no user alice') as string,
    });
  });

  it('answers wrong calls of the command line with what to write', async () => {
    expect(await run('access', 'grant', 'ci', 'operator', 'shop')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write user:NAME, group:NAME or service:NAME') as string,
    });
    expect(await run('access', 'grant', 'service:ci', 'root', 'shop')).toMatchObject({ code: 2 });
    expect(await run('access', 'token', 'revoke', '0123456789abcdef')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no token 0123456789abcdef') as string,
    });
    expect(await run('server', '--host', '0.0.0.0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tokens for 0.0.0.0 would travel unencrypted') as string,
    });
    expect(await run('server', '--tls-cert', 'cert.pem')).toMatchObject({ code: 2 });
  });

  it('speaks TLS 1.3 only, unless it is told otherwise', async () => {
    await expect(ask('/whoami', { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect((await ask('/whoami', { minVersion: 'TLSv1.3' })).status).toBe(200);
  });

  it('tells whether it is ready, and what it measures, apart from the API', async () => {
    const read = async (path: string) => (await fetch(`http://127.0.0.1:${inner}${path}`)).text();
    expect(await read('/healthz')).toBe('ok\n');
    expect(await read('/readyz')).toBe('ready\n');
    expect(await read('/metrics')).toContain('route="/api/v1/whoami",method="GET",status="200"');
    expect((await ask('/metrics')).status).toBe(404);
  });

  it('lets the command line through, once it is logged in', async () => {
    const url = `https://127.0.0.1:${port}`;
    const home = { XDG_CONFIG_HOME: folder, NODE_EXTRA_CA_CERTS: at('ca.pem'), TEMPORAL_ADDRESS: '', NO_COLOR: '1' };
    const through = (words: string[], input?: string, more: Record<string, string> = {}) =>
      cli(words, { cwd: folder, environment: { ...home, ...more }, ...(input && { input: Buffer.from(input) }) });
    const refused = (text: string) => ({ code: 2, stderr: expect.stringContaining(text) as string });
    const web = { image: 'web:1', health_check: { command: ['check'] } };
    const file = writeStack({
      name: 'shop',
      environment: 'test',
      infrastructure: { container_runtime: 'Memory' },
      services: { web },
    });

    expect(await through(['status', '-c', file, '--server', url])).toMatchObject(refused('there is no token for'));
    expect(await through(['login', url, '--token-stdin'], 'dct_wrong')).toMatchObject(refused('does not know you'));
    expect(await through(['whoami'])).toMatchObject(refused('log in at a server'));
    expect(await through(['login', url, '--token-stdin', '--name', 'team'], `${token}\n`)).toMatchObject({
      code: 0,
      stdout: `logged in at ${url} as service:ci; commands go through it from now on\n`,
    });
    expect((await through(['whoami'])).stdout).toBe(`service:ci at ${url}\nROLE      SCOPE\noperator  shop\n`);
    expect((await through(['context'])).stdout).toContain(`*  team     ${url}`);
    expect(statSync(join(folder, 'deploy-code', 'contexts.json')).mode & 0o777).toBe(0o600);

    const deployed = await through(['deploy', '-c', file, '--reason', 'through the server']);
    expect([deployed.code, deployed.stderr]).toEqual([0, '']);
    expect(deployed.stdout).toContain('DONE in');
    expect((await through(['status', '-c', file])).stdout).toMatch(/web\s+1\/1/);
    expect((await through(['history', '-c', file])).stdout).toMatch(/succeeded .*service:ci .*through the server/);
    expect((await through(['logs', '-c', file])).stdout).toContain('log of web');
    expect((await through(['exec', '-c', file, 'web', 'cat'], 'typed')).stdout).toBe('typed');
    expect(await through(['volume', 'rm', '-c', file, 'x', '--force'])).toMatchObject(refused('has no volume'));
    expect(await through(['access', 'list'])).toMatchObject(refused('does not allow this'));
    expect(await through(['stop', '-c', file, '--server', url, '--address', 'x:1'])).toMatchObject(
      refused('one of them'),
    );
    expect(await through(['stop', '-c', file, '--server', 'http://deploy.example.com'])).toMatchObject(
      refused('would travel unencrypted'),
    );
    const environmentToken = { DEPLOY_CODE_SERVER: url, DEPLOY_CODE_TOKEN: token, XDG_CONFIG_HOME: tmpdir() };
    expect((await through(['stop', '-c', file], undefined, environmentToken)).stdout).toContain('STOPPED');
    expect(await through(['logout'])).toMatchObject({ code: 0, stdout: `logged out of ${url}\n` });
    expect(readFileSync(join(folder, 'deploy-code', 'contexts.json'), 'utf8')).not.toContain(token);
  });

  it('takes a renewed certificate without a restart', async () => {
    expect((await ask('/whoami')).certificate).toBe('first');
    for (const part of ['cert', 'key']) copyFileSync(at(`second-${part}.pem`), at(`${part}.pem`));
    await eventually(async () => expect((await ask('/whoami')).certificate).toBe('second'));
    await expect(ask('/whoami', { maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  it('ends streams and finishes when it is asked to stop', async () => {
    const stack = { ...memoryStack({ web: { image: 'web:1' } }), name: 'shop' };
    const release = host.holdBack('create');
    const deployment = await engine.client.deploy(stack);
    const id = deployment.id.split('/')[3]!;
    const stream = ask(`/environments/shop/test/deployments/${id}/events`);
    await eventually(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${inner}/metrics`)).text();
      expect(metrics).toContain('deploy_code_api_streams 1');
    });
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect((await stream).body).toContain(': the events of a deployment');
    expect(await ended).toEqual([0, null]);
    release();
    expect((await deployment.result()).outcome).toBe('succeeded');
  });
});
