import { httpCall } from '../../guard/request';
import { SoftwareFault } from '../failures';

const deadlineMs = 10_000;
const gone = 410;

/** Posts JSON. Whatever is not taken may be tried again, unless the address says that it is gone for good. */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const all = { 'content-type': 'application/json', 'user-agent': 'deploy-code', ...headers };
  const { address, authorization } = withoutUserinfo(url);
  const { status } = await httpCall(address, {
    method: 'POST',
    body,
    headers: { ...all, ...authorization },
    deadlineMs,
    largest: 0,
    elsewhere: true,
    signal,
  }).catch((error: Error) => {
    throw new Error(`no answer (${error.message})`, { cause: error });
  });
  if (status === gone) throw new SoftwareFault('answered 410: it is gone');
  if (status < 200 || status > 299) throw new Error(`answered ${status}`);
}

/** An address that is a secret may hold a user and a password, which go into a header. */
function withoutUserinfo(text: string): { address: string; authorization: Record<string, string> } {
  if (!URL.canParse(text)) return { address: text, authorization: {} };
  const url = new URL(text);
  const { username, password } = url;
  if (!username && !password) return { address: text, authorization: {} };
  Object.assign(url, { username: '', password: '' });
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { address: url.href, authorization: { authorization: `Basic ${credentials}` } };
}
