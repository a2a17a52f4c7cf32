import { execFileSync } from 'node:child_process';
import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

const service = 'tests';
const issuer = 'tests';
const validSeconds = 300;

/** A token service as registries name it: it gives everybody with the right password a token for what they ask for. */
export class TokenService {
  private readonly server: Server;

  constructor(
    private readonly folder: string,
    private readonly port: number,
    password: () => string,
  ) {
    const [key, certificate] = [join(folder, 'token-key.pem'), join(folder, 'token.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-subj', '/CN=token', '-keyout', key, '-out', certificate], {
      stdio: 'pipe',
    });
    this.server = createServer(({ url, headers: { authorization } }, answer) => {
      const expected = `Basic ${Buffer.from(`ana:${password()}`).toString('base64')}`;
      if (authorization !== expected) return void answer.writeHead(401).end();
      const scopes = new URL(url!, 'http://token').searchParams.getAll('scope');
      answer.end(JSON.stringify({ token: this.tokenFor(scopes) }));
    });
  }

  /** Section `auth` of the settings of a registry that trusts this service. */
  get auth(): object {
    const realm = `http://127.0.0.1:${this.port}/token`;
    return { token: { realm, service, issuer, rootcertbundle: join(this.folder, 'token.pem') } };
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private tokenFor(scopes: readonly string[]): string {
    const certificate = new X509Certificate(readFileSync(join(this.folder, 'token.pem')));
    const key = createPrivateKey(readFileSync(join(this.folder, 'token-key.pem')));
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, name, actions] = scope.split(':');
      return { type, name, actions: actions!.split(',') };
    });
    const parts = [
      { typ: 'JWT', alg: 'ES256', x5c: [certificate.raw.toString('base64')] },
      {
        iss: issuer,
        sub: 'ana',
        aud: service,
        exp: now + validSeconds,
        nbf: now - 10,
        iat: now,
        jti: randomUUID(),
        access,
      },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}
