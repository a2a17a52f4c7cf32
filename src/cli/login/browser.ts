import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tokensOf, type ServerTokens } from '../../client/access/remote-login';
import { BadRequest } from '../../temporal/errors';
import { discoverServer, loginError } from './discover';

export interface BrowserLoginOptions {
  /** Hears of the address, for somebody whose browser does not open. */
  onUrl: (url: string) => void;
  /** Opens the address in a browser; a failure does not end the log-in. */
  open: (url: string) => Promise<void> | void;
  /** Default ten minutes. */
  timeoutMs?: number;
}

const waitMs = 600_000;

/**
 * Logs in by a browser on this machine, which brings the answer to a port of loopback (RFC 8252).
 * @throws BadRequest if it was not allowed, or not in time; EngineUnreachable if the server does not answer
 */
export async function logInByBrowser(
  server: string,
  { onUrl, open, timeoutMs = waitMs }: BrowserLoginOptions,
): Promise<ServerTokens> {
  const configuration = await discoverServer(server);
  const client = await import('openid-client');
  const [state, verifier] = [client.randomState(), client.randomPKCECodeVerifier()];
  const listener = await listen(state);
  try {
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: `${listener.origin}/callback`,
      response_type: 'code',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    }).href;
    onUrl(url);
    await Promise.resolve(open(url)).catch(() => undefined);
    const answer = await listener.answer(timeoutMs);
    const tokens = await client
      .authorizationCodeGrant(configuration, answer, { pkceCodeVerifier: verifier, expectedState: state })
      .catch((error: unknown) => Promise.reject(loginError(server, error)));
    return tokensOf(server, tokens);
  } finally {
    listener.close();
  }
}

interface Listener {
  origin: string;
  /** @throws BadRequest if no browser comes in time */
  answer(timeoutMs: number): Promise<URL>;
  close(): void;
}

/** Waits on loopback for the browser that brings this state; every other request is refused. */
async function listen(state: string): Promise<Listener> {
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 16_384 });
  await new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', ready);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;
  const answered = new Promise<URL>((resolve) => {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = URL.canParse(request.url ?? '', origin) ? new URL(request.url ?? '', origin) : undefined;
      const isOurs =
        request.method === 'GET' &&
        request.headers.host === host &&
        url?.pathname === '/callback' &&
        url.searchParams.get('state') === state;
      answerBrowser(response, isOurs, url?.searchParams.has('error') ?? false);
      if (isOurs) resolve(url);
    });
  });
  return { origin, answer: (timeoutMs) => within(answered, timeoutMs), close: () => close(server) };
}

function answerBrowser(response: ServerResponse, isOurs: boolean, isRefused: boolean): void {
  const text = !isOurs
    ? 'This address is for the answer to a log-in.\n'
    : isRefused
      ? 'The log-in was not allowed. You can close this page.\n'
      : 'You are logged in. You can close this page.\n';
  response.writeHead(isOurs ? 200 : 400, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    // The address has a code.
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(text);
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BadRequest('nobody logged in in time; try again')), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A browser keeps connections open that it may use later. */
function close(server: Server): void {
  server.close();
  server.closeIdleConnections();
}
