// An identity provider with OpenID Connect, for tests: `node oidc-provider.mjs REDIRECT_URI…`. Prints its issuer.
// Its accounts have no passwords: whoever types a name is that person.
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const accounts = {
  ana: { email: 'Ana@acme.example', email_verified: true, groups: ['ops', 'Everybody in the house'] },
  bob: { email: 'bob@evil.example', email_verified: true, groups: [] },
  eve: { email: 'ana@acme.example', email_verified: false, groups: ['ops'] },
};

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    { client_id: 'deploy-code', client_secret: 'a secret of the client', redirect_uris: process.argv.slice(2) },
  ],
  cookies: { keys: ['keys of a test'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  pkce: { required: () => true },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (_, error) => console.error(error));

const answer = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) answer(request, response);
  else if (request.method === 'GET')
    response
      .setHeader('content-type', 'text/html')
      .end('<form method="post"><input name="login" autofocus><button>Sign in</button></form>');
  else void signIn(request, response);
});
console.log(issuer);

async function signIn(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const accountId = new URLSearchParams(body).get('login');
  await provider.interactionFinished(request, response, { login: { accountId } });
}
