import { httpCall } from '../../guard/request';
import { SoftwareFault } from '../failures';

const deadlineMs = 10_000;
const gone = 410;

/** Posts JSON. Whatever is not taken may be tried again, unless the address says that it is gone for good. */
export async function post(url: string, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<void> {
  const all = { 'content-type': 'application/json', 'user-agent': 'deploy-code', ...headers };
  const { status } = await httpCall(url, { method: 'POST', body, headers: all, deadlineMs, largest: 0, signal }).catch((error: Error) => {
    throw new Error(`no answer (${error.message})`, { cause: error });
  });
  if (status === gone) throw new SoftwareFault('answered 410: it is gone');
  if (status < 200 || status > 299) throw new Error(`answered ${status}`);
}
