import { createHmac } from 'node:crypto';
import { judge } from '../../src/activities/hooks';
import { hookCredential } from '../../src/guard/access/hook-credential';
import type { HookVerdict, Trigger, TriggerKind } from '../../src/model/hooks';
import { matchesPattern } from '../../src/model/hooks/patterns';

const secret = 'a-secret-of-24-characters';
const place = { stack: 'shop', environment: 'production' };
const now = Date.UTC(2026, 4, 15, 12);
const seconds = now / 1000;
const commit = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';
const digest = `sha256:${'3da1996a'.repeat(8)}`;

/** Rebuilt from the documentation of each sender, without what the engine does not read. */
const push = {
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: commit,
  repository: { id: 186853002, full_name: 'acme/shop', private: false, pushed_at: seconds - 60 },
  pusher: { name: 'ana', email: 'ana@example.com' },
  created: true,
  deleted: false,
  head_commit: { id: commit, message: 'Initial commit', timestamp: '2026-05-15T11:59:00Z' },
};
const packagePublished = {
  action: 'published',
  registry_package: {
    id: 10696,
    name: 'Web',
    namespace: 'Acme',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    updated_at: '2026-05-15T11:58:00Z',
    package_version: {
      version: digest,
      container_metadata: {
        tag: { name: 'v1.2.3', digest },
        labels: { revision: commit, source: 'https://github.com/acme/web' },
      },
      package_url: 'ghcr.io/Acme/Web:v1.2.3',
    },
  },
};
const gitlabPush = {
  object_kind: 'push',
  event_name: 'push',
  before: '95790bf891e76fee5e1747ab589903a6a1f80f22',
  after: commit,
  ref: 'refs/heads/main',
  checkout_sha: commit,
  project: { id: 15, name: 'Shop', path_with_namespace: 'acme/shop' },
};
const hubPush = {
  callback_url: 'https://registry.hub.docker.com/u/acme/web/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/',
  push_data: { pushed_at: seconds - 10, pusher: 'ana', tag: 'v1.2.3' },
  repository: { is_private: true, name: 'web', namespace: 'acme', repo_name: 'acme/web', status: 'Active' },
};
const harborPush = {
  type: 'PUSH_ARTIFACT',
  occur_at: seconds - 10,
  operator: 'admin',
  event_data: {
    resources: [{ digest, tag: 'v1.2.3', resource_url: 'harbor.example.com/acme/web:v1.2.3' }],
    repository: { name: 'web', namespace: 'acme', repo_full_name: 'acme/web', repo_type: 'private' },
  },
};
const harborCloudEvent = {
  specversion: '1.0',
  id: '66d1f9c7-8a2d-4a43-9e1e-3b3a0c3c6d8f',
  source: '/projects/1/webhook/policies/15',
  type: 'harbor.artifact.pushed',
  datacontenttype: 'application/json',
  time: '2026-05-15T11:59:50Z',
  data: harborPush.event_data,
  operator: 'admin',
};

interface Sent {
  headers?: Record<string, string>;
  credential?: string;
  body: unknown;
}

const hmac = (text: string, key: string | Buffer = secret) => createHmac('sha256', key).update(text);
const textOf = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
const github = (body: unknown, event = 'push', key = secret): Sent => ({
  headers: {
    'x-hub-signature-256': `sha256=${hmac(textOf(body), key).digest('hex')}`,
    'x-github-event': event,
  },
  body,
});
const withSecret = (body: unknown, given = secret, headers = {}): Sent => ({
  headers,
  credential: hookCredential(place, 'deploys', given),
  body,
});
const gitlab = (body: unknown, given = secret, uuid = 'a'): Sent =>
  withSecret(body, given, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-event-uuid': uuid });
const standard = (body: unknown, { id = 'msg_1', time = seconds, key = Buffer.from(secret) } = {}): Sent => ({
  headers: {
    'webhook-id': id,
    'webhook-timestamp': String(time),
    'webhook-signature': `v1,${'A'.repeat(43)}= v1,${hmac(`${id}.${time}.${textOf(body)}`, key).digest('base64')}`,
    'x-gitlab-event': 'Push Hook',
  },
  body,
});
const signed = (body: unknown, time = seconds, key = secret): Sent => ({
  headers: { 'x-deploy-code-signature': `t=${time},v1=${hmac(`${time}.${textOf(body)}`, key).digest('hex')}` },
  body,
});

const ask = (
  from: TriggerKind,
  { headers = {}, credential, body }: Sent,
  more: Partial<Trigger> = {},
  key = secret,
): HookVerdict =>
  judge(
    {
      trigger: { name: 'deploys', from, secret: { name: 'hook', source: { sealed: '' } }, ...more },
      secret: key,
      place,
      now,
      delivery: {
        headers,
        ...(credential !== undefined && { credential }),
        body: Buffer.from(textOf(body)).toString('base64'),
      },
    },
    (service) => service !== 'gone',
  );
const deployed = (verdict: HookVerdict) => {
  if (verdict.verdict !== 'deploy') throw new Error(JSON.stringify(verdict));
  return verdict;
};

const genuine: [TriggerKind, Sent, Partial<HookVerdict & { verdict: 'deploy' }>][] = [
  ['github', github(push), { commit, message: 'github acme/shop main 6113728' }],
  ['gitlab', gitlab(gitlabPush), { commit, message: 'gitlab acme/shop main 6113728' }],
  ['gitlab', standard(gitlabPush), { commit, message: 'gitlab acme/shop main 6113728' }],
  ['ghcr', github(packagePublished, 'registry_package'), { commit, message: 'ghcr ghcr.io/acme/web v1.2.3 6113728' }],
  [
    'ghcr',
    github({ action: 'published', package: packagePublished.registry_package }, 'package'),
    { commit, message: 'ghcr ghcr.io/acme/web v1.2.3 6113728' },
  ],
  ['dockerhub', withSecret(hubPush), { message: 'dockerhub acme/web v1.2.3' }],
  ['harbor', withSecret(harborPush), { message: 'harbor harbor.example.com/acme/web v1.2.3' }],
  ['harbor', withSecret(harborCloudEvent), { message: 'harbor harbor.example.com/acme/web v1.2.3' }],
  ['signed', signed({ branch: 'main', commit }), { commit, message: 'signed main 6113728' }],
];

describe('a genuine delivery', () => {
  it.each(genuine)('of %s deploys', (from, sent, expected) => {
    const verdict = deployed(ask(from, sent));
    expect(verdict).toMatchObject(expected);
    expect(verdict.delivery).toMatch(/^[0-9a-f]{64}$/);
    expect(deployed(ask(from, sent)).delivery).toBe(verdict.delivery);
  });

  it.each(genuine)('of %s is refused with any other secret, body or none of its headers', (from, sent) => {
    const { headers = {}, ...rest } = sent;
    const refusal = { verdict: 'refused', reason: 'signature', message: 'the signature is not valid' };
    expect(ask(from, sent, {}, `${secret}x`)).toEqual(refusal);
    expect(ask(from, { ...rest, headers: {}, credential: undefined })).toEqual(refusal);
    if (sent.credential === undefined) expect(ask(from, { headers, body: `${textOf(sent.body)} ` })).toEqual(refusal);
    else expect(ask(from, sent, { name: 'another' })).toEqual(refusal);
  });

  it('is refused before its body is read', () => {
    for (const from of ['github', 'gitlab', 'dockerhub', 'harbor', 'signed', 'ghcr'] as const)
      expect(ask(from, { body: '{broken' })).toMatchObject({ reason: 'signature' });
    expect(ask('github', github('{broken'))).toMatchObject({ verdict: 'refused', reason: 'malformed' });
    expect(ask('github', github('"text"'))).toMatchObject({ verdict: 'ignored' });
    expect(ask('dockerhub', withSecret({}))).toMatchObject({ verdict: 'refused', reason: 'malformed' });
  });

  it('is too old once its signature, or what it tells about, is', () => {
    const stale = { verdict: 'refused', reason: 'stale' };
    for (const time of [seconds - 301, seconds + 301]) {
      expect(ask('signed', signed({ tag: '1' }, time))).toMatchObject(stale);
      expect(ask('gitlab', standard(gitlabPush, { time }))).toMatchObject(stale);
    }
    expect(ask('signed', signed({ tag: '1' }, seconds - 300))).toMatchObject({ verdict: 'deploy' });
    const old = { ...push, repository: { ...push.repository, pushed_at: seconds - 86_401 } };
    expect(ask('github', github(old))).toMatchObject(stale);
    expect(ask('harbor', withSecret({ ...harborPush, occur_at: seconds - 86_401 }))).toMatchObject(stale);
  });

  it('of GitHub is the same whatever its unsigned id is; one of GitLab is known by the id that it has', () => {
    const one = deployed(ask('github', github(push)));
    const { headers, body } = github(push);
    const other = deployed(ask('github', { headers: { ...headers, 'x-github-delivery': 'another' }, body }));
    expect(other.delivery).toBe(one.delivery);
    const of = (sent: Sent) => deployed(ask('gitlab', sent)).delivery;
    expect(of(gitlab(gitlabPush))).not.toBe(of(gitlab(gitlabPush, secret, 'b')));
    expect(of(standard(gitlabPush))).toBe(of(standard(gitlabPush, { time: seconds - 1 })));
    expect(of(standard(gitlabPush))).not.toBe(of(standard(gitlabPush, { id: 'msg_2' })));
  });

  it('of GitLab is signed with the decoded key of a signing token', () => {
    const key = Buffer.alloc(32, 7);
    const token = `whsec_${key.toString('base64')}`;
    expect(ask('gitlab', standard(gitlabPush, { key }), {}, token)).toMatchObject({ verdict: 'deploy' });
    expect(ask('gitlab', standard(gitlabPush), {}, token)).toMatchObject({ reason: 'signature' });
  });

  it('of Harbor may have the secret as a bearer token', () => {
    expect(ask('harbor', withSecret(harborPush, `Bearer ${secret}`))).toMatchObject({ verdict: 'deploy' });
  });
});

describe('a trigger', () => {
  it.each<[string, TriggerKind, Sent, string]>([
    ['a ping', 'github', github({ zen: 'Keep it' }, 'ping'), "GitHub's event ping deploys nothing; push does"],
    ['a deleted branch', 'github', github({ ...push, deleted: true }), 'a branch or a tag was deleted'],
    ['a deleted branch', 'gitlab', gitlab({ ...gitlabPush, after: '0'.repeat(40), checkout_sha: null }), 'deleted'],
    ['a merge request', 'gitlab', gitlab({ object_kind: 'merge_request' }), 'deploys nothing'],
    ['a note', 'github', github({ ...push, ref: 'refs/notes/x' }), 'neither a branch nor a tag'],
    [
      'an npm package',
      'ghcr',
      github(
        { registry_package: { ...packagePublished.registry_package, package_type: 'npm', ecosystem: 'npm' } },
        'registry_package',
      ),
      'the package is no image',
    ],
    ['a deleted image', 'harbor', withSecret({ ...harborPush, type: 'DELETE_ARTIFACT' }), 'deploys nothing'],
    ['a test', 'harbor', withSecret({ ...harborPush, type: 'TEST' }), 'deploys nothing'],
  ])('ignores %s of %s', (_, from, sent, message) => {
    const verdict = ask(from, sent);
    expect(verdict).toMatchObject({ verdict: 'ignored', message: expect.stringContaining(message) as string });
  });

  it('is for its branches, tags and repositories only', () => {
    const verdict = (more: Partial<Trigger>, ref = 'refs/heads/main') =>
      ask('github', github({ ...push, ref }), more).verdict;
    expect(verdict({ branches: ['main'] })).toBe('deploy');
    expect(verdict({ branches: ['release/*'] })).toBe('ignored');
    expect(verdict({ branches: ['release/*'] }, 'refs/heads/release/1.0')).toBe('deploy');
    expect(verdict({ tags: ['v*'] }, 'refs/tags/v1')).toBe('deploy');
    expect(verdict({ tags: ['main'] })).toBe('ignored');
    expect(verdict({ branches: ['v1'] }, 'refs/tags/v1')).toBe('ignored');
    expect(verdict({ repositories: ['acme/*'] })).toBe('deploy');
    expect(verdict({ repositories: ['evil/*'] })).toBe('ignored');
  });

  it('sets the images of its services, of a pushed image only those of its repository', () => {
    const images = { web: 'ghcr.io/acme/web:{tag}', api: 'ghcr.io/acme/api:{tag}', old: 'web@{digest}' };
    const published = github(packagePublished, 'registry_package');
    expect(deployed(ask('ghcr', published, { images })).images).toEqual({ web: 'ghcr.io/acme/web:v1.2.3' });
    expect(ask('ghcr', published, { images: { api: images.api } })).toMatchObject({ verdict: 'ignored' });
    const pinned = { web: 'ghcr.io/acme/web@{digest}' };
    expect(deployed(ask('ghcr', published, { images: pinned })).images).toEqual({ web: `ghcr.io/acme/web@${digest}` });
    const byCommit = { web: 'ghcr.io/acme/web:sha-{short_commit}', api: 'ghcr.io/acme/api:{commit}' };
    expect(deployed(ask('github', github(push), { images: byCommit })).images).toEqual({
      web: 'ghcr.io/acme/web:sha-6113728',
      api: `ghcr.io/acme/api:${commit}`,
    });
    const hub = { web: 'docker.io/acme/web:{tag}' };
    expect(deployed(ask('dockerhub', withSecret(hubPush), { images: hub })).images).toEqual({
      web: 'docker.io/acme/web:v1.2.3',
    });
  });

  it.each(['x/evil', 'x@sha256:1', 'x:1', '-x', '', 'x y', 'é', 'a'.repeat(129), '{tag}'])(
    'puts no tag %j into an image',
    (tag) => {
      const sent = signed({ tag });
      expect(ask('signed', sent, { images: { web: 'acme/web:{tag}' } })).toMatchObject({
        verdict: 'refused',
        reason: 'malformed',
      });
    },
  );

  it.each([
    ['{branch}', { branch: 'release/1.0' }],
    ['{commit}', { commit: 'main' }],
    ['{short_commit}', { commit: 'abcdefg' }],
    ['{tag}', { branch: 'main' }],
  ])('needs a value for %s that fits', (mark, body) => {
    expect(ask('signed', signed(body), { images: { web: `acme/web:${mark}` } })).toMatchObject({
      reason: 'malformed',
    });
  });

  it('names services that a redeployment is limited to, if the release has them', () => {
    expect(deployed(ask('github', github(push), { services: ['web', 'gone'] })).services).toEqual(['web']);
  });
});

describe('a pattern', () => {
  it.each([
    ['main', 'main', true],
    ['main', 'main2', false],
    ['release/*', 'release/1', true],
    ['release/*', 'release/1/2', false],
    ['release/**', 'release/1/2', true],
    ['v*.*', 'v1.2', true],
    ['v*.*', 'v12', false],
    ['*', '', true],
    ['**/x', 'a/b/x', true],
    ['a.c', 'abc', false],
  ])('%s for %s', (pattern, name, expected) => expect(matchesPattern(pattern, name)).toBe(expected));

  it('takes no time that grows faster than its length', () => {
    const begun = process.cpuUsage();
    expect(matchesPattern(`${'*a'.repeat(90)}b`, 'a'.repeat(255))).toBe(false);
    expect(process.cpuUsage(begun).user).toBeLessThan(2_000_000);
  });
});
