import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real identity provider, in a process of its own: it is an ES module. */
export interface IdentityProvider {
  issuer: string;
  /** Logs in as a person does; resolves with the address that the provider sends the browser back to. */
  logIn(address: string, account: string): Promise<URL>;
  close(): void;
}

export async function startIdentityProvider(redirectUris: string[]): Promise<IdentityProvider> {
  const child: ChildProcess = spawn(process.execPath, [join(__dirname, 'oidc-provider.mjs'), ...redirectUris], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout!);
  const [issuer] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the identity provider ended with ${code}`))),
  ])) as [string];
  return { issuer, logIn: (address, account) => logIn(issuer, address, account), close: () => void child.kill() };
}

/** Follows the redirects of the provider with its cookies, until one leads to somebody else. */
async function logIn(issuer: string, address: string, account: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(address);
  let form: URLSearchParams | undefined;
  for (let step = 0; url.origin === issuer; step += 1) {
    if (step > 10) throw new Error(`the identity provider does not come to an end: ${url.href}`);
    const response: Response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form && { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    form = location === null ? new URLSearchParams({ login: account }) : undefined;
    if (location === null && !url.pathname.startsWith('/interaction/'))
      throw new Error(`the identity provider answers ${response.status}: ${await response.text()}`);
    if (location !== null) url = new URL(location, url);
  }
  return url;
}
