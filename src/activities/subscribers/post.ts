import { SoftwareFault } from '../failures';

const timeoutMs = 10_000;
const gone = 410;

/** Posts JSON. Whatever is not taken may be tried again, unless the address says that it is gone for good. */
export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', 'user-agent': 'deploy-code', ...headers }, signal: AbortSignal.timeout(timeoutMs), redirect: 'error' }).catch((error: Error) => {
    throw new Error(`no answer (${(error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message})`, { cause: error });
  });
  await answer.body?.cancel();
  if (answer.status === gone) throw new SoftwareFault('answered 410: it is gone');
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
}
