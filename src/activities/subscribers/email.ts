import { connect, isIP, type Socket } from 'node:net';
import { bareHost, lookupElsewhere, refuseSurroundings } from '../../guard/addresses';
import type { Evidence } from '../../model/instance-status';
import type { Notification } from '../../model/notification';
import { oneLine, visibleLines } from '../../model/text';

export interface EmailTarget {
  /** `smtp://host:port`, or `smtps:` where the connection begins with TLS. */
  url: string;
  from: string;
  to: string[];
  /** Whether an `smtp:` connection has to change to TLS before anything is sent. */
  startTls: boolean;
  user?: string;
}

const longestSubject = 150;
const shownLines = 30;
const phaseMs = 10_000;

/**
 * Sends a notification as a text mail. The connection is made here, so that its address is judged as every other one;
 * nothing is sent before TLS unless the stack file says so.
 */
export async function sendEmail(
  target: EmailTarget,
  notification: Notification,
  password: string | undefined,
  signal: AbortSignal,
  /** Certificates of authorities, in PEM; default those of Node. */
  ca?: string,
): Promise<void> {
  const { url, from, to, startTls, user } = target;
  const { protocol, hostname } = new URL(url);
  const host = bareHost(hostname);
  const { createTransport } = await import('nodemailer');
  const socket = await open(new URL(url), signal);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const transport = createTransport({
    host,
    connection: socket,
    secure: protocol === 'smtps:',
    requireTLS: startTls,
    ignoreTLS: !startTls,
    tls: { ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) },
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    greetingTimeout: phaseMs,
    connectionTimeout: phaseMs,
    socketTimeout: phaseMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as never);
  try {
    await transport.sendMail(messageOf(notification, { from, to }));
  } catch (error) {
    throw new Error(oneLine(`the mail server: ${(error as Error).message}`, 500), { cause: error });
  } finally {
    signal.removeEventListener('abort', abort);
    transport.close();
    socket.destroy();
  }
}

/** A connection to a mail server that is no address of the surroundings. */
function open(url: URL, signal: AbortSignal): Promise<Socket> {
  const host = bareHost(url.hostname);
  refuseSurroundings(host);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(url.port), lookup: lookupElsewhere, signal });
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`no answer (${error.code ?? error.message})`, { cause: error })),
    );
  });
}

/** The mail. What comes from outside stands in one line of the subject, and in the text with its controls escaped. */
export function messageOf(
  { id, type, at, stack, environment, text, details }: Notification,
  { from, to }: Pick<EmailTarget, 'from' | 'to'>,
) {
  const place = `${stack}/${environment}`;
  const { cause } = details as { cause?: { evidence?: Evidence } };
  const lines = (cause?.evidence?.logs ?? []).slice(-shownLines);
  return {
    from: { name: '', address: from },
    to: to.map((address) => ({ name: '', address })),
    subject: oneLine(`[${place}] ${text}`, longestSubject),
    text: visibleLines(
      [
        `${place}: ${text}`,
        '',
        ...(lines.length > 0 ? ['The last log lines:', '', ...lines.map((line) => `  ${line}`), ''] : []),
        `${type}, ${new Date(at).toISOString()}`,
      ].join('\n'),
    ),
    date: new Date(at),
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Deploy-Code-Event': type },
  };
}
