import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyCredential } from '../../../src/client/registries/verify';
import { hostilities, HostilePeer } from '../../support/hostile-peer';

const credential = { user: 'ana', password: 'planted:password' };
const basic = `Basic ${Buffer.from('ana:planted:password').toString('base64')}`;
const servers: Server[] = [];

/** Resolves with the host and port of a server on this machine. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const authorizationOf = ({ headers: { authorization } }: IncomingMessage) => authorization;

describe('a password is checked', () => {
  it('by Basic authentication', async () => {
    const registry = await serve((request, answer) => {
      const isIn = request.url === '/v2/' && authorizationOf(request) === basic;
      answer.writeHead(isIn ? 200 : 401, { 'www-authenticate': 'Basic realm="tests"' }).end();
    });
    expect(await verifyCredential(registry, credential)).toBe('accepted');
    await expect(verifyCredential(registry, { ...credential, password: 'other' })).rejects.toThrow(
      `${registry} refuses this password of ana (401); nothing was stored`,
    );
  });

  it('with a token of the service that the registry names, which alone gets the password', async () => {
    const asked: (string | undefined)[] = [];
    const token = await serve((request, answer) => {
      const url = new URL(request.url!, 'http://token');
      if (authorizationOf(request) !== basic) return void answer.writeHead(403).end();
      answer.end(JSON.stringify({ access_token: [...url.searchParams].flat().join('-') }));
    });
    const registry = await serve((request, answer) => {
      asked.push(authorizationOf(request));
      if (authorizationOf(request) === 'Bearer service-tests-account-ana') return void answer.end();
      const challenge = `Bearer realm="http://${token}/token",service="tests",scope="repository:a:pull"`;
      answer.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    expect(await verifyCredential(registry, credential)).toBe('accepted');
    expect(asked).toEqual([undefined, 'Bearer service-tests-account-ana']);
    await expect(verifyCredential(registry, { ...credential, password: 'other' })).rejects.toThrow(
      'refuses this password of ana (403)',
    );
  });

  it('not at a registry that asks nobody for one', async () => {
    const registry = await serve((_, answer) => void answer.end());
    expect(await verifyCredential(registry, credential)).toBe('open');
  });

  it.each([
    ['http://token.example/', 'it names a token service that is not at a plain https address'],
    ['file:///etc/passwd', 'it names a token service that is not at a plain https address'],
    ['https://ana:x@token.example/', 'it names a token service that is not at a plain https address'],
    ['http://169.254.169.254/', 'it names a token service that is not at a plain https address'],
    ['https://169.254.169.254/', 'a link-local or metadata address'],
    ['', 'it names a token service that is not at a plain https address'],
  ])('never by the token service %j', async (realm, reason) => {
    const registry = await serve((_, answer) => {
      answer.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
    });
    await expect(verifyCredential(registry, credential)).rejects.toThrow(reason);
  });

  it.each([
    [404, {}, 'it answers 404, not as a registry does'],
    [301, { location: 'http://127.0.0.1:1/v2/' }, 'it answers 301, not as a registry does'],
    [401, {}, 'it offers neither Basic nor Bearer authentication'],
    [401, { 'www-authenticate': 'Negotiate' }, 'it offers neither Basic nor Bearer authentication'],
  ])('not by a server that answers %i %j', async (status, headers, reason) => {
    const registry = await serve((_, answer) => void answer.writeHead(status, headers).end());
    await expect(verifyCredential(registry, credential)).rejects.toThrow(
      `${registry} cannot check the password from here: ${reason}. Nothing was stored`,
    );
  });

  it('and goes along with no redirect', async () => {
    let isReached = false;
    const other = await serve((_, answer) => {
      isReached = true;
      answer.end();
    });
    const registry = await serve((request, answer) => {
      if (authorizationOf(request) === undefined)
        return void answer.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end();
      answer.writeHead(307, { location: `http://${other}/v2/` }).end();
    });
    await expect(verifyCredential(registry, credential)).rejects.toThrow('it redirects elsewhere');
    expect(isReached).toBe(false);
  });

  it('with a token that fits into a header', async () => {
    const token = await serve((_, answer) => void answer.end(JSON.stringify({ token: 'a\r\nb: c' })));
    const registry = await serve((_, answer) => {
      answer.writeHead(401, { 'www-authenticate': `Bearer realm="http://${token}/"` }).end();
    });
    await expect(verifyCredential(registry, credential)).rejects.toThrow('answers without a token');
  });

  it.each(hostilities)('within a time limit, also by a token service that %s', async (hostility) => {
    const peer = new HostilePeer(hostility, 'HTTP/1.1 200 OK\r\n\r\n');
    const port = await peer.start();
    const registry = await serve((_, answer) => {
      answer.writeHead(401, { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/"` }).end();
    });
    await expect(verifyCredential(registry, credential, 500)).rejects.toThrow('cannot check the password from here');
    await peer.stop();
  });

  it.each(hostilities)('within a time limit, also by a registry that %s', async (hostility) => {
    const peer = new HostilePeer(hostility);
    const port = await peer.start();
    await expect(verifyCredential(`127.0.0.1:${port}`, credential, 500)).rejects.toThrow(
      'cannot check the password from here',
    );
    await peer.stop();
  });
});
