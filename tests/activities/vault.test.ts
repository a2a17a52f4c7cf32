import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { SecretStore } from '../../src/activities/secrets';
import { Vault } from '../../src/activities/secrets/vault';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenLocally, stopListening } from '../support/local-server';
import { until } from '../support/until';

/** Vault as its documentation says that it answers: KV version 2, tokens, AppRole. */
class DocumentedVault {
  readonly kv: Record<string, Record<string, string>> = {
    'secret/data/shop/postgres': { password: 'hunter2' },
    'team/data/api': { key: 'k1' },
  };
  /** Where it sends whoever asks. */
  redirect?: string;
  readonly asked: { path: string; token?: string; namespace?: string }[] = [];
  logins = 0;
  status?: number;
  private readonly server: Server = createServer(
    (request, response) =>
      void this.answer(request).then(({ status, body }) =>
        response
          .writeHead(status, {
            'content-type': 'application/json',
            ...(this.redirect !== undefined && { location: this.redirect }),
          })
          .end(JSON.stringify(body)),
      ),
  );

  start(): Promise<string> {
    return listenLocally(this.server);
  }

  stop(): void {
    stopListening(this.server);
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = request.url!.replace('/v1/', '');
    const token = request.headers['x-vault-token'] as string | undefined;
    this.asked.push({ path, token, namespace: request.headers['x-vault-namespace'] as string | undefined });
    if (this.redirect !== undefined) return { status: 307, body: {} };
    if (this.status) return { status: this.status, body: { errors: [] } };
    if (path === 'auth/approle/login') {
      const { role_id: role, secret_id: secret } = JSON.parse(await text(request)) as Record<string, string>;
      if (role !== 'role' || secret !== 'secret')
        return { status: 400, body: { errors: ['invalid role or secret ID'] } };
      this.logins += 1;
      return { status: 200, body: { auth: { client_token: `token-${this.logins}`, lease_duration: 1 } } };
    }
    if (token !== 'root' && !token?.startsWith('token-'))
      return { status: 403, body: { errors: ['permission denied'] } };
    const found = this.kv[path];
    return found
      ? { status: 200, body: { data: { data: found, metadata: { version: 1 } } } }
      : { status: 404, body: { errors: [] } };
  }
}

describe('secrets in Vault', () => {
  let server: DocumentedVault;
  let address: string;
  beforeEach(async () => {
    server = new DocumentedVault();
    address = await server.start();
  });
  afterEach(() => server.stop());

  const password = { mount: 'secret', path: 'shop/postgres', key: 'password' };
  const vault = (more: Record<string, string> = { VAULT_TOKEN: 'root' }) => new Vault({ VAULT_ADDR: address, ...more });

  it('are read by path and key, of any mount and namespace, with one question for many keys', async () => {
    const one = vault({ VAULT_TOKEN: 'root', VAULT_NAMESPACE: 'team-a' });
    expect(
      await Promise.all([
        one.read('a', password),
        one.read('b', password),
        one.read('c', { mount: 'team', path: 'api', key: 'key' }),
      ]),
    ).toEqual(['hunter2', 'hunter2', 'k1']);
    expect(server.asked).toEqual([
      { path: 'secret/data/shop/postgres', token: 'root', namespace: 'team-a' },
      { path: 'team/data/api', token: 'root', namespace: 'team-a' },
    ]);
  });

  it('are read with a token that AppRole gives, and a new one before it ends', async () => {
    const one = vault({ VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'secret' });
    expect(await one.read('a', password)).toBe('hunter2');
    await one.read('c', { mount: 'team', path: 'api', key: 'key' });
    expect(server.logins).toBe(1);
    await until(async () => {
      await one.read('a', password);
      return server.asked.at(-1)?.token === 'token-2';
    });
    await expect(vault({ VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'wrong' }).read('a', password)).rejects.toThrow(
      "Vault refuses the worker's AppRole (400)",
    );
  });

  it('that are not there, or not to be read, are the fault of whoever wrote the file', async () => {
    await expect(vault().read('db', { ...password, key: 'passwort' })).rejects.toThrow(
      'the secret db: secret/shop/postgres in Vault has no key "passwort"',
    );
    await expect(vault().read('db', { ...password, path: 'nowhere' })).rejects.toThrow(
      'Vault has nothing at secret/data/nowhere',
    );
    await expect(vault({ VAULT_TOKEN: 'no' }).read('db', password)).rejects.toThrow(
      'does not let the worker read secret/data/shop/postgres',
    );
    await expect(vault({}).read('db', password)).rejects.toThrow(
      'the secret db: the worker has no credentials for Vault; start it with VAULT_TOKEN, or with ' +
        'VAULT_ROLE_ID and VAULT_SECRET_ID',
    );
    await expect(new Vault({}).read('db', password)).rejects.toThrow(
      'the secret db: the worker has no credentials for Vault; start it with VAULT_TOKEN, or with ' +
        'VAULT_ROLE_ID and VAULT_SECRET_ID',
    );
    await expect(new Vault({ VAULT_TOKEN: 'root' }).read('db', password)).rejects.toThrow('start it with VAULT_ADDR');
  });

  it('are waited for while Vault is away or sealed', async () => {
    server.status = 503;
    await expect(vault().read('db', password)).rejects.toMatchObject({
      kind: 'platform',
      message: `Vault at ${address} answered 503 (is it sealed?)`,
    });
    server.stop();
    await expect(vault().read('db', password)).rejects.toMatchObject({
      kind: 'platform',
      message: `Vault at ${address} does not answer (ECONNREFUSED)`,
    });
  });

  it('never go with the token where Vault sends, nor where a path leads', async () => {
    const elsewhere = new DocumentedVault();
    server.redirect = `${await elsewhere.start()}/v1/secret/data/shop/postgres`;
    await expect(vault().read('db', password)).rejects.toThrow(
      `the secret db: Vault at ${address} redirects to another address, and the worker does not ` +
        'send its token there; set VAULT_ADDR to the final address',
    );
    expect(elsewhere.asked).toEqual([]);
    elsewhere.stop();
    server.redirect = undefined;
    for (const path of ['../../sys/health', 'shop/../../x', 'shop//x', ''])
      await expect(vault().read('db', { ...password, path })).rejects.toThrow(
        'is not a path in Vault; use one such as shop/postgres',
      );
    await expect(vault().read('db', { ...password, path: 'shop/a?b#c%2f' })).rejects.toThrow('Vault has nothing at');
    expect(server.asked.map(({ path }) => path)).toEqual([
      'secret/data/shop/postgres',
      'secret/data/shop/a%3Fb%23c%252f',
    ]);
    await expect(
      new Vault({ VAULT_ADDR: 'http://user:hunter2@vault', VAULT_TOKEN: 'x' }).read('db', password),
    ).rejects.toThrow(
      /^the secret db: VAULT_ADDR is not a plain http or https address; use one such as https:(?!.*hunter2)/,
    );
  });

  it('are a secret like any other: fingerprinted, so that a rotated one replaces its users, and masked', async () => {
    process.env.VAULT_ADDR = address;
    process.env.VAULT_TOKEN = 'root';
    const store = () => new SecretStore(dataDir);
    const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-vault-'));
    const [first, second] = [store(), store()];
    const before = await first.fingerprints({ db: { vault: password } }, []);
    expect(first.mask('password hunter2!')).toBe('password ***!');
    expect(await second.fingerprints({ db: { vault: password } }, [])).toEqual(before);
    server.kv['secret/data/shop/postgres']!.password = 'hunter3';
    expect((await store().fingerprints({ db: { vault: password } }, [])).db).not.toBe(before.db);
    delete process.env.VAULT_ADDR;
    delete process.env.VAULT_TOKEN;
  });
});
