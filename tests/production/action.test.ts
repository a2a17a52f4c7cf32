import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { listenLocally, stopListening } from '../support/local-server';

const root = join(__dirname, '../..');

interface Request {
  call: string;
  authorization?: string;
  body: string;
}
interface Answer {
  status: number;
  body: unknown;
}

/** GitHub's API, the issuer of identities and the server of deploy-code in one. */
class World {
  readonly requests: Request[] = [];
  comments: { id: number; body: string; user: { type: string } }[] = [];
  /** Answers for the end of a deployment, one after the other. */
  results: Answer[] = [];
  expiresIn = 600;
  private issued = 0;
  private readonly server: Server = createServer(
    (request, response) =>
      void text(request).then((body) => {
        const { method, url = '', headers } = request;
        this.requests.push({ call: `${method} ${url}`, authorization: headers.authorization, body });
        const { status, body: answer } = this.answer(method!, url, body);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      }),
  );

  start = () => listenLocally(this.server);
  stop = () => stopListening(this.server);
  calls = (start: string) => this.requests.filter(({ call }) => call.startsWith(start));

  private answer(method: string, url: string, sent: string): Answer {
    if (url.startsWith('/identity')) return { status: 200, body: { value: 'subject-4711' } };
    if (url === '/auth/token') {
      this.issued += 1;
      const body = { access_token: `access-${this.issued}`, token_type: 'Bearer', expires_in: this.expiresIn };
      return { status: 200, body };
    }
    if (url.startsWith('/api/v1/')) return this.results.shift() ?? { status: 404, body: { detail: 'nothing' } };
    if (url.startsWith('/repos/acme/shop/issues/7/comments') && method === 'GET')
      return { status: 200, body: this.comments };
    const { body } = JSON.parse(sent) as { body: string };
    const [, id] = /^\/repos\/acme\/shop\/issues\/comments\/(\d+)$/.exec(url) ?? [];
    const known = this.comments.find((each) => each.id === Number(id));
    if (known) known.body = body;
    else this.comments.push({ id: this.comments.length + 1, body, user: { type: 'Bot' } });
    return { status: known ? 200 : 201, body: {} };
  }
}

/** Says what it was called with, and what it is told to say. */
const commandLine = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const { DEPLOY_CODE_TOKEN: token, CALLS, SAYS = '', EXITS = '0', INPUT_TOKEN, INPUT_GITHUB_TOKEN } = process.env;
const seen = [INPUT_TOKEN, INPUT_GITHUB_TOKEN, process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN].filter(Boolean);
appendFileSync(CALLS, JSON.stringify({ words: process.argv.slice(2), token, seen }) + '\\n');
process.stdout.write(SAYS);
process.exitCode = Number(EXITS);
`;

describe('the GitHub Action', () => {
  let world: World;
  let address: string;
  let folder: string;
  beforeEach(async () => {
    world = new World();
    address = await world.start();
    folder = mkdtempSync(join(tmpdir(), 'deploy-code-action-'));
    writeFileSync(join(folder, 'deploy-code'), commandLine);
    chmodSync(join(folder, 'deploy-code'), 0o755);
    writeFileSync(join(folder, 'event.json'), JSON.stringify({ pull_request: { number: 7 } }));
  });
  afterEach(() => world.stop());

  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return '';
    }
  };
  const calls = () =>
    read('calls')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { words: string[]; token: string; seen: string[] });
  const run = async (env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [join(root, 'action/main.js')], {
      cwd: folder,
      env: {
        PATH: `${folder}${delimiter}${process.env.PATH}`,
        CALLS: join(folder, 'calls'),
        DEPLOY_CODE_ACTION_PAUSE_MS: '1',
        GITHUB_API_URL: address,
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_SHA: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        GITHUB_RUN_ID: '42',
        GITHUB_STEP_SUMMARY: join(folder, 'summary'),
        GITHUB_OUTPUT: join(folder, 'output'),
        ACTIONS_ID_TOKEN_REQUEST_URL: `${address}/identity?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-4711',
        INPUT_SERVER: address,
        INPUT_GITHUB_TOKEN: 'github-4711',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, code] = await Promise.all([
      text(child.stdout),
      new Promise<number | null>((resolve) => child.once('close', resolve)),
    ]);
    return { code, output };
  };
  const onPull = () => ({ GITHUB_EVENT_PATH: join(folder, 'event.json') });
  const detached = (more: object = {}) =>
    `note\n${JSON.stringify({
      code: 'deployment.detached',
      stack: 'shop',
      environment: 'production',
      data: { workflowId: 'deployment/shop/production/abc-deploy' },
      ...more,
    })}\n`;

  it('shows a plan as one comment that is updated, by the identity of the workflow', async () => {
    const SAYS = '\u001b[1mshop/production\u001b[0m  release 1 -> 2\n```\n::set-output name=x::y\n';
    const more = { INPUT_SET: 'TAG=1.5\nB=a b', INPUT_ENVIRONMENT: 'production', INPUT_FILE: 'deploy/shop.yaml' };
    world.comments = [{ id: 900, body: '<!-- deploy-code plan', user: { type: 'User' } }];
    const { code, output } = await run({ ...onPull(), SAYS, ...more });
    expect(code).toBe(0);
    expect(calls()).toEqual([
      {
        words: `plan --server ${address} -c deploy/shop.yaml -e production --set TAG=1.5 --set`
          .split(' ')
          .concat('B=a b'),
        token: 'access-1',
        seen: [],
      },
    ]);
    expect(world.requests[0]).toMatchObject({
      call: `GET /identity?api-version=2&audience=${encodeURIComponent(address)}`,
      authorization: 'bearer request-4711',
    });
    expect(Object.fromEntries(new URLSearchParams(world.requests[1]!.body))).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject-4711',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: address,
    });
    expect(world.comments).toHaveLength(2);
    const { body } = world.comments[1]!;
    expect(body).toContain('### Plan for production\n\n````text\nshop/production  release 1 -> 2\n```\n');
    expect(read('summary')).toContain('release 1 -> 2');
    for (const secret of ['subject-4711', 'access-1']) expect(output).toContain(`::add-mask::${secret}\n`);
    const [, pause] = /^::stop-commands::([0-9a-f-]{36})$/m.exec(output) ?? [];
    expect(output.indexOf('::set-output')).toBeGreaterThan(output.indexOf(`::stop-commands::${pause}`));
    expect(output.indexOf(`::${pause}::`)).toBeGreaterThan(output.indexOf('::set-output'));

    const again = await run({ ...onPull(), SAYS: 'refused: no\n', EXITS: '2', ...more });
    expect(again.code).toBe(2);
    expect(world.comments).toHaveLength(2);
    expect(world.comments[1]!.body).toContain('### Plan: refused for production');
    expect(read('output')).toBe('exit-code=0\nexit-code=2\n');
  });

  it('deploys on a push, and waits for the end with a token that is renewed', async () => {
    world.expiresIn = 0;
    const running = { status: 422, body: { code: 'not_ended' } };
    const away = { status: 503, body: {} };
    world.results = [running, away, running, { status: 200, body: { outcome: 'succeeded', deployment: 4 } }];
    const { code, output } = await run({ SAYS: detached() });
    expect(code).toBe(0);
    expect(calls().map(({ words }) => words)).toEqual([
      ['deploy', '--detach', '--json', '--reason', 'acme/shop 6113728 run 42', '--server', address],
    ]);
    const asked = world.calls('GET /api/v1/environments/shop/production/deployments/abc-deploy/result');
    expect(asked.map(({ authorization }) => authorization)).toEqual([2, 3, 4, 5].map((n) => `Bearer access-${n}`));
    expect(output).toContain('deployment 4 of shop/production: succeeded');
    expect(read('output')).toBe('deployment=abc-deploy\noutcome=succeeded\nexit-code=0\n');
    expect(world.calls('POST /repos')).toEqual([]);
  });

  it.each([
    ['rolled_back', 1],
    ['refused', 2],
    ['rollback_incomplete', 3],
    ['cancelled', 4],
    ['left_as_is', 1],
  ])('fails if the deployment is %s', async (outcome, expected) => {
    const cause = { message: 'api exited 1\n```' };
    world.results = [{ status: 200, body: { outcome, deployment: 4, cause } }];
    const { code } = await run({ SAYS: detached(), INPUT_TOKEN: 'dct_4711' });
    expect(code).toBe(expected);
    expect(world.calls('POST /auth')).toEqual([]);
    expect(calls()[0]!.token).toBe('dct_4711');
    expect(read('summary')).toContain('````text\napi exited 1\n```\n````');
  });

  it('fails if the command line fails, and if nobody knows the deployment', async () => {
    expect(await run({ SAYS: 'deploy-code: no such file\n', EXITS: '2' })).toMatchObject({ code: 2 });
    expect(read('summary')).toContain('no such file');
    const { code, output } = await run({ SAYS: detached() });
    expect(code).toBe(1);
    expect(output).toContain('::error::the end of the deployment cannot be read (404): nothing');
    expect((await run({ SAYS: '' })).code).toBe(1);
  });

  it('takes an ended deployment from the command line', async () => {
    const SAYS = detached({
      code: 'deployment.finished',
      data: { workflowId: 'deployment/shop/production/abc', outcome: 'unchanged', deployment: 5 },
    });
    expect((await run({ SAYS })).code).toBe(0);
    expect(read('output')).toContain('outcome=unchanged');
  });

  it.each([
    [{ INPUT_SERVER: 'http://deploy.example.com' }, 'server must begin with https://'],
    [{ INPUT_SERVER: 'deploy.example.com' }, 'server must be an address'],
    [{ INPUT_SERVER: 'https://me:pass@deploy.example.com' }, 'no user or password'],
    [{ INPUT_COMMAND: 'rm' }, 'command must be plan or deploy'],
    [{ INPUT_SET: 'TAG' }, 'set must have NAME=value'],
    [{ ACTIONS_ID_TOKEN_REQUEST_URL: '' }, 'id-token: write'],
  ])('says what is wrong with %j, and runs nothing', async (env, message) => {
    const { code, output } = await run(env);
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
    expect(calls()).toEqual([]);
  });

  it('passes every input on as a variable, never as a part of a script', () => {
    const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
      inputs: Record<string, unknown>;
      runs: { steps: { run: string; env: Record<string, string> }[] };
    };
    const { steps } = action.runs;
    for (const { run: script } of steps) expect(script).not.toContain('${{');
    const passed = steps.flatMap(({ env }) => Object.values(env));
    for (const input of Object.keys(action.inputs)) expect(passed).toContain(`\${{ inputs.${input} }}`);
  });
});
