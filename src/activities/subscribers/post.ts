import { httpCall } from '../../guard/request';
import { SoftwareFault } from '../failures';

const deadlineMs = 10_000;
const gone = 410;

/** Posts JSON. Failures may be retried, except 410 (Gone). */
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
  if (status === gone) throw new SoftwareFault('answered 410 (Gone); remove the subscriber or correct its URL');
  if (status < 200 || status > 299) throw new Error(`answered ${status}`);
}

/** A URL from a secret may contain a user and a password; they are sent as a header. */
function withoutUserinfo(text: string): { address: string; authorization: Record<string, string> } {
  if (!URL.canParse(text)) return { address: text, authorization: {} };
  const url = new URL(text);
  const { username, password } = url;
  if (!username && !password) return { address: text, authorization: {} };
  Object.assign(url, { username: '', password: '' });
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { address: url.href, authorization: { authorization: `Basic ${credentials}` } };
}
