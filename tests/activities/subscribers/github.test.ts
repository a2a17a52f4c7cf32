import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { sendToGitHub, type GitHubTarget } from '../../../src/activities/subscribers/github';
import type { Notification } from '../../../src/model/notification';
import { listenLocally, stopListening } from '../../support/local-server';

const commit = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';

interface Request {
  call: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** Deployments and statuses of one repository, as docs.github.com/rest describes them. */
class FakeGitHub {
  readonly requests: Request[] = [];
  readonly deployments: { id: number; payload: unknown; statuses: string[] }[] = [];
  readonly commits: Record<string, unknown>[] = [];
  /** Answers of the next requests, instead of the right ones. */
  answers: { status: number; body: unknown }[] = [];
  private readonly server: Server = createServer(
    (request, response) =>
      void text(request).then((sent) => {
        const url = new URL(request.url!, 'http://api');
        const body = sent === '' ? {} : (JSON.parse(sent) as Record<string, unknown>);
        this.requests.push({ call: `${request.method} ${url.pathname}`, headers: request.headers, body });
        const answer = this.answers.shift() ?? this.answer(request.method!, url, body);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      }),
  );

  start = () => listenLocally(this.server);
  stop = () => stopListening(this.server);

  private answer(method: string, url: URL, body: Record<string, unknown>): { status: number; body: unknown } {
    const [, path = ''] = /^\/repos\/acme\/shop\/(.*)$/.exec(url.pathname) ?? [];
    const [, id] = /^deployments\/(\d+)\/statuses$/.exec(path) ?? [];
    const deployment = this.deployments.find((each) => each.id === Number(id));
    if (path === 'deployments' && method === 'GET') {
      expect(Object.fromEntries(url.searchParams)).toEqual({
        sha: commit,
        task: 'deploy',
        environment: 'production',
        per_page: '100',
      });
      return { status: 200, body: this.deployments };
    }
    if (path === 'deployments') {
      const created = { id: this.deployments.length + 1, payload: body.payload, statuses: [] };
      this.deployments.push(created);
      return { status: 201, body: created };
    }
    if (deployment && method === 'GET') return { status: 200, body: deployment.statuses.map((state) => ({ state })) };
    if (deployment) {
      deployment.statuses.push(body.state as string);
      return { status: 201, body: { state: body.state } };
    }
    if (path === `statuses/${commit}`) {
      this.commits.push(body);
      return { status: 201, body };
    }
    return { status: 404, body: { message: 'Not Found' } };
  }
}

const started: Notification = {
  id: '1',
  type: 'deployment.started',
  at: 0,
  stack: 'shop',
  environment: 'production',
  deployment: 4,
  text: 'deployment 4 (deploy) started by ana',
  details: { intent: 'deploy', requestedBy: 'ana' },
};
const finished = (outcome: string, details: object = {}): Notification => ({
  ...started,
  id: '2',
  type: 'deployment.finished',
  text: `deployment 4 ${outcome} ${'x'.repeat(200)}`,
  details: { intent: 'deploy', outcome, ...details },
});

describe('GitHub', () => {
  let github: FakeGitHub;
  let target: GitHubTarget;
  beforeEach(async () => {
    github = new FakeGitHub();
    target = { url: await github.start(), repository: 'acme/shop', commit };
  });
  afterEach(() => github.stop());
  const send = (notification: Notification, to = target) =>
    sendToGitHub(to, notification, 'github_pat_4711', new AbortController().signal);

  it('gets a deployment that is in progress, and how it has ended', async () => {
    await send(started);
    await send(finished('succeeded'));
    expect(github.deployments).toMatchObject([
      { payload: { stack: 'shop', environment: 'production', deployment: 4 }, statuses: ['in_progress', 'success'] },
    ]);
    const context = 'deploy-code/shop/production';
    expect(github.commits).toMatchObject([
      { state: 'pending', context, description: started.text },
      { state: 'success', context },
    ]);
    const created = github.requests.find(({ call }) => call === 'POST /repos/acme/shop/deployments')!;
    expect(created.body).toMatchObject({
      ref: commit,
      environment: 'production',
      task: 'deploy',
      auto_merge: false,
      required_contexts: [],
    });
    for (const { headers, body } of github.requests) {
      expect(headers).toMatchObject({
        authorization: 'Bearer github_pat_4711',
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      });
      expect(String(body.description ?? '').length).toBeLessThanOrEqual(140);
    }
  });

  it.each(['rolled_back', 'refused', 'cancelled', 'left_as_is', 'rollback_incomplete'])(
    'is told of a failure by %s',
    async (outcome) => {
      await send(finished(outcome));
      expect(github.deployments).toMatchObject([{ statuses: ['failure'] }]);
      expect(github.commits).toMatchObject([{ state: 'failure' }]);
    },
  );

  it('has one deployment, whose end stays, however often and in whatever order it is told', async () => {
    github.answers = [
      { status: 200, body: [{ id: 9, payload: '{"stack":"other","environment":"production","deployment":4}' }] },
    ];
    await send(finished('succeeded'));
    await send(started);
    await send(started);
    expect(github.deployments).toMatchObject([{ statuses: ['success'] }]);
    expect(github.commits).toHaveLength(1);
  });

  it('gets the commit of the event rather than that of the file, and needs one', async () => {
    await send(finished('succeeded', { commit }), { ...target, commit: 'b'.repeat(40) });
    expect(github.deployments).toHaveLength(1);
    await expect(send(started, { url: target.url, repository: 'acme/shop' })).rejects.toThrow('no commit is known');
  });

  it('hears nothing of what deploys no release', async () => {
    await send({ ...started, details: { intent: 'restart' } });
    await send({ ...started, type: 'watch.acted' });
    expect(github.requests).toEqual([]);
  });

  it('may refuse, which is told without the token', async () => {
    github.answers = [{ status: 403, body: { message: 'Resource not accessible\nby personal access token' } }];
    await expect(send(started)).rejects.toThrow(
      'GitHub answered 403: Resource not accessible by personal access token',
    );
    github.answers = [{ status: 410, body: {} }];
    await expect(send(started)).rejects.toThrow('410 (Gone)');
    github.answers = [
      { status: 200, body: 'nothing' },
      { status: 201, body: { id: '1/../2' } },
    ];
    await expect(send(started)).rejects.toThrow('GitHub created no deployment');
  });
});
