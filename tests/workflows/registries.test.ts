import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { seal, sealingKeyOf } from '../../src/guard/sealing';
import { payloadCodec } from '../../src/payloads/codec';
import { loginLimits, registriesId, taskQueue, type RegistriesState } from '../../src/workflows/messages';
import { address, startEngine, type TestEngine } from '../support/engine';

const credential = { user: 'ana', password: 'planted-4771' };
const unchecked = { verify: false };

describe('the logins of an installation', () => {
  let engine: TestEngine;
  let raw: Client;
  beforeAll(async () => {
    engine = await startEngine('registry-limits', { runtimes: {} });
    raw = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'registry-limits',
      dataConverter: { payloadCodecs: [payloadCodec()] },
    });
  });
  afterAll(async () => {
    await raw.connection.close();
    await engine.close();
  });

  const sealed = (registry: string) => seal(Buffer.from('x'), sealingKeyOf(randomBytes(32)), { registry });
  /** Logins as an earlier run of the workflow hands them on. */
  const stateOf = (count: number): RegistriesState => ({
    logins: Object.fromEntries(
      Array.from({ length: count }, (_, index) => `r${index}.example`).map((registry) => [
        registry,
        { user: 'ana', sealed: sealed(registry), by: 'ana', at: 1 },
      ]),
    ),
  });
  const started = (state: unknown) =>
    raw.workflow.start('registries', { workflowId: registriesId, taskQueue, args: [state] });

  it('are none before the first one', async () => {
    expect(await engine.client.registries.list()).toEqual([]);
    expect(await engine.client.registries.reseal()).toEqual([]);
    await expect(engine.client.registries.logout('ghcr.io')).rejects.toThrow('the workers have no login at ghcr.io');
  });

  it('are refused beyond their limit, and may still be replaced', async () => {
    const handle = await started(stateOf(loginLimits.count));
    const { registries } = engine.client;
    await expect(registries.login('one-more.example', credential, unchecked)).rejects.toThrow(
      'would keep more than 100 logins, or too large ones; nothing was stored',
    );
    expect(await registries.list()).toHaveLength(loginLimits.count);
    await registries.login('r7.example', { ...credential, user: 'ben' }, unchecked);
    expect((await registries.list()).find(({ registry }) => registry === 'r7.example')).toMatchObject({ user: 'ben' });
    await handle.terminate();
    expect(await registries.list()).toEqual([]);
  });

  it('that another engine has sealed are not opened, and say what to do', async () => {
    const handle = await started(stateOf(1));
    await expect(engine.client.registries.reseal()).rejects.toThrow(
      /the login at r0.example is sealed for the key [0-9a-f]{16}, .* log in again with `deploy-code registry login r0/,
    );
    await handle.terminate();
  });

  it.each([
    ['user', { user: 'a:b' }],
    ['registry', { registry: 'ghcr.io/acme' }],
    ['ciphertext', { sealed: 'plain' }],
  ])('with a malformed %s are refused, whoever sends them', async (_, wrong) => {
    const handle = await started({ logins: {} });
    const login = { registry: 'ghcr.io', user: 'ana', sealed: sealed('ghcr.io'), by: 'ana', ...wrong };
    await expect(handle.executeUpdate('login', { args: [login] })).rejects.toMatchObject({
      cause: { message: 'malformed message; nothing was done' },
    });
    expect(await engine.client.registries.list()).toEqual([]);
    await handle.terminate();
  });

  it('do not start from a malformed state', async () => {
    const handle = await started({ logins: { 'ghcr.io': { user: 'ana', sealed: 'plain', by: 'ana', at: 1 } } });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('malformed input of the workflow registries') },
    });
  });

  it.each([
    ['host', 'ghcr.io/acme', credential],
    ['user', 'ghcr.io', { ...credential, user: 'a b' }],
    ['password', 'ghcr.io', { ...credential, password: '' }],
    ['password', 'ghcr.io', { ...credential, password: 'x'.repeat(20_000) }],
    ['password', 'ghcr.io', { ...credential, password: 'a\0b' }],
  ])('are not asked for with a wrong %s', async (_, host, given) => {
    const error = await engine.client.registries.login(host, given, unchecked).catch((each: Error) => each);
    expect(error).toMatchObject({ name: expect.stringMatching(/^(?:NameProblem|BadRequest)$/) });
  });
});
