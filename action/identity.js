// The token for the server: an input, or one for the identity of the workflow, which is renewed before it ends.
const { request } = require('./http');

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwt = 'urn:ietf:params:oauth:token-type:jwt';

/** Returns a function that resolves with a valid token. */
function identityOf({ server, token, audience }, env, mask, now = Date.now) {
  if (token) {
    mask(token);
    return async () => token;
  }
  let known;
  return async () => {
    if (!known || now() >= known.until) known = await exchange({ server, audience }, env, mask, now);
    return known.token;
  };
}

async function exchange({ server, audience }, env, mask, now) {
  const subject = await identityToken(audience, env);
  mask(subject);
  const form = { grant_type: grant, subject_token: subject, subject_token_type: jwt, audience };
  const { status, body } = await request(`${server}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  if (status !== 200 || typeof body.access_token !== 'string') {
    const reason = body.error_description ?? body.error ?? body.detail ?? '';
    throw new Error(`the server does not let this workflow in (${status}): ${reason}`);
  }
  mask(body.access_token);
  const seconds = Number.isFinite(body.expires_in) ? body.expires_in : 300;
  return { token: body.access_token, until: now() + (seconds / 2) * 1000 };
}

async function identityToken(audience, env) {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
  if (!address || !token)
    throw new Error('the workflow has no identity: set `permissions: {id-token: write}`, or give the input token');
  const url = new URL(address);
  url.searchParams.set('audience', audience);
  const { status, body } = await request(url.href, { headers: { authorization: `bearer ${token}` } });
  if (status !== 200 || typeof body.value !== 'string') throw new Error(`GitHub gave no identity token (${status})`);
  return body.value;
}

module.exports = { identityOf };
