import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProtectedEnvironments } from '../../../src/activities/access/protected-environments';
import { StatementGuard, type Beginning } from '../../../src/activities/access/statement-guard';
import { keyIdOf, statementSigner, type StatementSigner } from '../../../src/guard/access/statement';
import { engineKeys, engineSigner } from '../../../src/guard/access/statement-keys';
import { releaseText, requestText, type Action } from '../../../src/model/access';
import type { Stack } from '../../../src/model/stack';
import type { Policy } from '../../../src/policy';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const installationKey = randomBytes(32);
const signer = statementSigner(privateKey);
const own = engineSigner(installationKey);
const place = { stack: 'shop', environment: 'production' };
const workflowId = 'deployment/shop/production/1';
const takesNoOther = 'shop/production takes requests only through its server; use --server or `deploy-code login`';

interface Options {
  policy?: Policy;
  keys?: boolean;
  isMarked?: boolean;
  isPlain?: boolean;
}

/** A guard, and the starts of workflows as Temporal has them. */
function guarding({ policy = {}, keys = true, isMarked = false, isPlain = false }: Options = {}) {
  const starts = new Map<string, Beginning>();
  const releases = new Map<number, { stack: Stack; images: object; seal?: string }>();
  const memory = new ProtectedEnvironments(mkdtempSync(join(tmpdir(), 'deploy-code-guard-')));
  const guard = new StatementGuard({
    settings: {
      ...(keys && { keys: new Map([[keyIdOf(publicKey), publicKey]]) }),
      own: engineKeys([installationKey]),
      signer: own,
      memory,
      isPlain,
    },
    policy,
    beginning: async ({ runId }) => starts.get(runId) ?? Promise.reject(new Error('gone')),
    release: async (_, number) => releases.get(number),
    isMarked: async () => isMarked,
  });
  return { guard, memory, starts, releases };
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const inputOf = (more: object = {}, security?: object) => ({
  stack: { name: 'shop', environment: 'production', ...(security && { security }) },
  intent: { kind: 'deploy', force: false },
  ...more,
});
type Claimed = Partial<Parameters<StatementSigner['sign']>[0]>;
const started = (input: object, claimed: Claimed | undefined = {}, by = signer, more: Partial<Beginning> = {}) => ({
  type: 'deployment',
  args: [input],
  at: Date.now(),
  isReset: false,
  statement: by.sign({
    subject: 'user:alice',
    action: 'deployment.request',
    ...place,
    request: digest(requestText(workflowId, 'deployment', [input])),
    ...claimed,
  }),
  ...more,
});
const auth = { auth: true as const };

describe('a worker that is asked to deploy', () => {
  it('takes requests of everybody for an environment that demands nothing', async () => {
    const { guard } = guarding();
    expect(await guard.join(place, { workflowId, runId: 'a' }, false)).toEqual({ required: false, always: false });
  });

  it.each<[string, Options, boolean]>([
    ['the policy demands it', { policy: { statements: ['shop/*'] } }, false],
    ['the stack itself asks for it', {}, true],
    ['the workflow of the environment remembers it', { isMarked: true }, false],
  ])('refuses one without a statement if %s, and takes one with it', async (_, options, asks) => {
    const { guard, starts } = guarding(options);
    starts.set('bare', { ...started(inputOf()), statement: undefined });
    await expect(guard.join(place, { workflowId, runId: 'bare' }, asks)).rejects.toThrow(takesNoOther);
    starts.set('stated', started(inputOf()));
    expect(await guard.join(place, { workflowId, runId: 'stated' }, asks)).toMatchObject({ required: true });
  });

  it('remembers that a stack asked for it, and is not talked out of it by a stack that does not', async () => {
    const { guard, starts } = guarding();
    starts.set('first', started(inputOf({}, auth)));
    await guard.join(place, { workflowId, runId: 'first' }, true);
    starts.set('bare', { ...started(inputOf()), statement: undefined });
    await expect(guard.join(place, { workflowId, runId: 'bare' }, false)).rejects.toThrow(takesNoOther);
    await expect(guard.permit(place, { workflowId, runId: 'bare' })).rejects.toThrow(takesNoOther);
  });

  it('forgets it only after a stated deployment of a stack without it has succeeded', async () => {
    const { guard, memory, starts } = guarding();
    memory.remember(place, auth);
    starts.set('part', started(inputOf({ intent: { kind: 'deploy', services: ['web'] } })));
    await guard.noteSuccess(place, { workflowId, runId: 'part' });
    starts.set('restart', started(inputOf({ intent: { kind: 'restart' } })));
    await guard.noteSuccess(place, { workflowId, runId: 'restart' });
    starts.set('bare', { ...started(inputOf()), statement: undefined });
    await expect(guard.noteSuccess(place, { workflowId, runId: 'bare' })).rejects.toThrow(takesNoOther);
    expect(guard.demand(place)).toEqual({});
    starts.set('whole', started(inputOf()));
    await guard.noteSuccess(place, { workflowId, runId: 'whole' });
    expect(guard.demand(place)).toBeUndefined();
  });

  it.each<[string, Beginning | (() => Beginning), string]>([
    ['for another request', () => started(inputOf({ reason: 'x' }), { request: 'a'.repeat(64) }), 'another request'],
    ['for another action', () => started(inputOf(), { action: 'instances.exec' }), 'another action'],
    ['for another environment', () => started(inputOf(), { environment: 'staging' }), 'another environment'],
    ['that has expired', () => started(inputOf(), {}, signer, { at: Date.now() + 120_000 }), 'has expired'],
    ['of a run that was reset', () => started(inputOf(), {}, signer, { isReset: true }), 'not started by a server'],
    ['of another kind of workflow', () => started(inputOf(), {}, signer, { type: 'mine' }), 'not started by a server'],
    [
      'of an unknown key',
      () => started(inputOf(), {}, statementSigner(generateKeyPairSync('ed25519').privateKey)),
      'does not know',
    ],
    ['of a worker that is no automatic request', () => started(inputOf(), {}, own), 'workers may not ask for this'],
    [
      'of a worker with a stack of its own',
      () => started(inputOf({ automatic: true }), {}, own),
      'workers may not ask for this',
    ],
  ])('refuses a statement %s', async (_, given, problem) => {
    const { guard, starts } = guarding({ policy: { statements: ['shop/production'] } });
    starts.set('run', typeof given === 'function' ? given() : given);
    await expect(guard.permit(place, { workflowId, runId: 'run' })).rejects.toThrow(problem);
  });

  it('refuses a workflow of another environment, whose statement is right', async () => {
    const { guard, starts } = guarding({ policy: { statements: ['**'] } });
    starts.set('run', started(inputOf()));
    const staging = { stack: 'shop', environment: 'staging' };
    await expect(guard.permit(staging, { workflowId, runId: 'run' })).rejects.toThrow('belongs to another environment');
  });

  it('refuses a second run with the statement of the first', async () => {
    const { guard, starts } = guarding({ policy: { statements: ['**'] } });
    const first = started(inputOf());
    starts.set('one', first).set('two', first);
    await guard.permit(place, { workflowId, runId: 'one' });
    await guard.permit(place, { workflowId, runId: 'one' });
    await expect(guard.permit(place, { workflowId, runId: 'two' })).rejects.toThrow('was used before');
  });

  const kept = (image: string) => ({
    stack: { ...inputOf().stack, services: { web: { name: 'web', image } } } as unknown as Stack,
    images: { [image]: { id: 'sha256:1' } },
  });
  const sealed = (guard: StatementGuard, number: number, contents = kept('web:1')) => ({
    ...contents,
    seal: guard.seal(place, digest(releaseText(number, contents)), { workflowId, runId: 'any' }),
  });

  it('takes what the engine itself asks for: a kept release as it was kept', async () => {
    const { guard, starts, releases } = guarding({ policy: { statements: ['**'] } });
    releases.set(3, sealed(guard, 3));
    const repair = { automatic: true, followsCurrent: true, target: 3 };
    starts.set('repair', started({ ...inputOf(repair), ...kept('web:1'), pinned: {}, basedOn: 3 }, {}, own));
    await guard.permit(place, { workflowId, runId: 'repair' });
    starts.set('silent', started({ ...inputOf(repair), ...kept('web:1') }, {}, own));
    await expect(guard.permit(place, { workflowId, runId: 'silent' })).rejects.toThrow('does not say which release');
  });

  it('refuses a release that somebody has put in the place of a kept one', async () => {
    const { guard, starts, releases } = guarding({ policy: { statements: ['**'] } });
    const good = sealed(guard, 3);
    const attempts: [string, { stack: Stack; images: object; seal?: string }, Stack, string][] = [
      ['bare', kept('evil:1'), kept('evil:1').stack, 'was not kept by a worker'],
      ['other', { ...kept('evil:1'), seal: good.seal }, kept('evil:1').stack, 'was not kept by a worker'],
      ['older', sealed(guard, 2), kept('web:1').stack, 'was not kept by a worker'],
      ['pins', { ...good, images: { evil: {} } }, kept('web:1').stack, 'was not kept by a worker'],
      ['meanwhile', good, { ...kept('web:1').stack, variables: { A: '1' } }, 'not about release 3 as it was kept'],
    ];
    for (const [runId, release, stack, problem] of attempts) {
      releases.set(3, release);
      starts.set(runId, started({ ...inputOf({ target: 3, basedOn: 3 }), stack }));
      await expect(guard.permit(place, { workflowId, runId })).rejects.toThrow(problem);
    }
    releases.set(3, good);
    starts.set('images', started({ ...inputOf({ basedOn: 3 }), stack: kept('web:2').stack }));
    await guard.permit(place, { workflowId, runId: 'images' });
  });

  it('seals releases for deployments of their environment only', () => {
    const { guard } = guarding();
    const execution = { workflowId: 'deployment/shop/staging/1', runId: 'a' };
    expect(() => guard.seal(place, 'a'.repeat(64), execution)).toThrow('only a deployment of shop/production');
  });

  it('takes deployments only of the subjects that the stack names, and steering of all', async () => {
    const { guard, memory, starts } = guarding();
    memory.remember(place, { ...auth, deployers: ['group:release', 'service:ci'] });
    starts.set('alice', started(inputOf()));
    await expect(guard.permit(place, { workflowId, runId: 'alice' })).rejects.toThrow(
      'shop/production is deployed only by group:release, service:ci (security.deployers); user:alice is none of them',
    );
    starts.set('group', started(inputOf(), { groups: ['group:staff', 'group:release'] }));
    await guard.permit(place, { workflowId, runId: 'group' });
    starts.set('ci', started(inputOf(), { subject: 'service:ci' }));
    await guard.permit(place, { workflowId, runId: 'ci' });
    const admitted = (subject: string, name: string) => {
      const text = digest(requestText(workflowId, name, []));
      const statement = signer.sign({ subject, action: 'deployment.steer', ...place, request: text });
      return guard.admit({ workflowId, runId: 'a' }, { name, isUpdate: true, digest: text, statement });
    };
    const taken = { id: expect.any(String), until: expect.any(Number) };
    expect(admitted('user:alice', 'steer')).toEqual(taken);
    expect(admitted('user:alice', 'amend').refused).toContain('security.deployers');
    expect(admitted('service:ci', 'amend')).toEqual(taken);
  });

  it('tries again when Temporal does not answer', async () => {
    const { guard, starts } = guarding({ policy: { statements: ['**'] } });
    await expect(guard.permit(place, { workflowId, runId: 'run' })).rejects.toMatchObject({ nonRetryable: false });
    starts.set('run', started(inputOf()));
    await guard.permit(place, { workflowId, runId: 'run' });
  });

  it('takes requests only of the roles that the stack names', async () => {
    const { guard, memory, starts } = guarding();
    memory.remember(place, { ...auth, roles: ['admin'] });
    starts.set('operator', started(inputOf(), { role: 'operator' }));
    await expect(guard.permit(place, { workflowId, runId: 'operator' })).rejects.toThrow(
      'shop/production takes requests only of the roles admin (security.rbac); user:alice has the role operator there',
    );
    starts.set('none', started(inputOf()));
    await expect(guard.permit(place, { workflowId, runId: 'none' })).rejects.toThrow('none of its roles');
    starts.set('admin', started(inputOf(), { role: 'admin' }));
    await guard.permit(place, { workflowId, runId: 'admin' });
  });

  it('says what is missing without keys, or with a plain connection', async () => {
    const { guard, starts } = guarding({ keys: false, isPlain: true });
    expect(guard.refusedIn({ security: { ...auth, tls: true } })).toEqual([
      { path: 'security.auth', message: expect.stringContaining('start all workers with --statement-keys FILE') },
      { path: 'security.tls_enabled', message: expect.stringContaining('has no TLS') },
    ]);
    expect(guard.refusedIn({})).toEqual([]);
    starts.set('run', started(inputOf({}, auth)));
    await expect(guard.join(place, { workflowId, runId: 'run' }, true)).rejects.toThrow('--statement-keys FILE');
  });

  it('takes a damaged record of a protected environment for one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-guard-'));
    const memory = new ProtectedEnvironments(folder);
    memory.remember(place, auth);
    writeFileSync(join(folder, 'statements/shop/production.json'), '{');
    expect(memory.demand(place)).toEqual({});
  });
});

describe('a worker that judges a message', () => {
  const execution = { workflowId: 'environment/shop/production', runId: 'e' };
  const message = (name: string, args: unknown[], action: Action, by = signer, claimed: Claimed = {}) => ({
    name,
    isUpdate: false,
    digest: digest(requestText(execution.workflowId, name, args)),
    statement: by.sign({
      subject: 'user:alice',
      action,
      ...place,
      request: digest(requestText(execution.workflowId, name, args)),
      ...claimed,
    }),
  });

  it('accepts one that a server has stated, and says when its statement expires', () => {
    const { guard } = guarding();
    expect(guard.admit(execution, message('thaw', [{ by: 'a' }], 'environment.freeze'))).toEqual({
      id: expect.any(String),
      until: expect.any(Number),
    });
  });

  it.each([
    ['without a statement', { ...message('thaw', [], 'environment.freeze'), statement: undefined }],
    ['with one for another message', { ...message('thaw', [], 'environment.freeze'), digest: 'a'.repeat(64) }],
    ['with one for another action', message('thaw', [], 'watch.pause')],
    ['with one for another environment', message('thaw', [], 'environment.freeze', signer, { stack: 'other' })],
    ['of a worker', message('thaw', [], 'environment.freeze', own)],
  ])('refuses one %s', (_, given) => {
    const { guard } = guarding();
    expect(guard.admit(execution, given).refused).toContain('takes requests only through its server');
  });

  it('accepts ciphertexts that a worker has sealed anew, from a worker', () => {
    const { guard } = guarding();
    expect(guard.admit(execution, message('resealedSecrets', [{}], 'secrets.write', own))).toHaveProperty('id');
  });

  it('refuses to change roles for anybody but a server, and asks for nothing without keys', () => {
    const grant = { name: 'grant', isUpdate: true, digest: 'a'.repeat(64) };
    const access = { workflowId: 'access', runId: 'a' };
    expect(guarding().guard.admit(access, grant).refused).toContain('this installation takes requests only through');
    expect(guarding({ keys: false }).guard.admit(access, grant)).toEqual({});
  });

  it('refuses what nobody sends', () => {
    expect(guarding().guard.admit(execution, message('finished', [], 'environment.freeze')).refused).toBe(
      'nobody may send this',
    );
  });
});
