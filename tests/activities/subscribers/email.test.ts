import { mkdtempSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { messageOf, sendEmail, type EmailTarget } from '../../../src/activities/subscribers/email';
import type { Notification } from '../../../src/model/notification';
import { makeCertificates } from '../../support/certificates';
import { HostilePeer } from '../../support/hostile-peer';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-mail-'));
makeCertificates(folder, { server: { address: '127.0.0.1', usage: 'serverAuth' } });
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const [ca, cert, key] = [read('ca.pem'), read('server-cert.pem'), read('server-key.pem')];

const notification: Notification = {
  id: '0b0c5d1e-7d0a-4b51-9a55-8b0f8d3a0c11',
  type: 'deployment.finished',
  at: Date.UTC(2026, 4, 15, 12),
  stack: 'shop',
  environment: 'production',
  deployment: 4,
  text: 'deployment 4 rolled back after 3 s: api exited 1',
  details: { cause: { evidence: { logs: ['REDIS_URL: unsupported', '.', 'scheme \u001b[31mred'] } } },
};
const never = new AbortController().signal;

interface Mail {
  from: string;
  to: string[];
  user?: string;
  secure: boolean;
  content: string;
}

/** A mail server that keeps what it gets. */
async function serverOf(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const seen: string[] = [];
  const server = new SMTPServer({
    cert,
    key,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, session, done) => {
      seen.push(`${session.secure ? 'TLS' : 'plain'} ${username} ${password}`);
      if (password === 'pass-4711') done(null, { user: username });
      else done(new Error('wrong password'));
    },
    onData: (stream, { envelope, user, secure }, done) =>
      void text(stream).then((content) => {
        mails.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          user: user as string | undefined,
          secure,
          content,
        });
        done();
      }),
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { mails, seen, port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

const target = (port: number, more: Partial<EmailTarget> = {}): EmailTarget => ({
  url: `smtp://127.0.0.1:${port}`,
  from: 'deploy@example.com',
  to: ['ops@example.com', 'ana@example.com'],
  startTls: true,
  ...more,
});

describe('a mail', () => {
  it('goes out by STARTTLS, with a user, to all recipients', async () => {
    const server = await serverOf();
    await sendEmail(target(server.port, { user: 'engine' }), notification, 'pass-4711', never, ca);
    expect(server.seen).toEqual(['TLS engine pass-4711']);
    expect(server.mails).toEqual([
      {
        from: 'deploy@example.com',
        to: ['ops@example.com', 'ana@example.com'],
        user: 'engine',
        secure: true,
        content: expect.stringContaining('Subject: [shop/production] deployment 4 rolled back after 3 s') as string,
      },
    ]);
    const { content } = server.mails[0]!;
    expect(content).toContain('Message-ID: <0b0c5d1e-7d0a-4b51-9a55-8b0f8d3a0c11@example.com>');
    expect(content).toContain('Auto-Submitted: auto-generated');
    expect(content).toContain('REDIS_URL: unsupported');
    expect(content).not.toContain('\u001b');
    await server.close();
  });

  it('goes out over a connection that begins with TLS', async () => {
    const server = await serverOf({ secure: true });
    const { port } = server;
    await sendEmail(target(port, { url: `smtps://127.0.0.1:${port}` }), notification, undefined, never, ca);
    expect(server.mails).toMatchObject([{ secure: true }]);
    await server.close();
  });

  it('is not sent without TLS, and not to a server that nobody vouches for', async () => {
    const plain = await serverOf({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    const send = (port: number, authority?: string) =>
      sendEmail(target(port, { user: 'engine' }), notification, 'pass-4711', never, authority);
    await expect(send(plain.port, ca)).rejects.toThrow('the mail server: ');
    const strange = await serverOf();
    await expect(send(strange.port)).rejects.toThrow('the mail server: ');
    expect([...plain.seen, ...plain.mails, ...strange.seen, ...strange.mails]).toEqual([]);
    await sendEmail(target(plain.port, { startTls: false }), notification, undefined, never);
    expect(plain.mails).toMatchObject([{ secure: false }]);
    await Promise.all([plain.close(), strange.close()]);
  });

  it('fails with the reason of the server', async () => {
    const server = await serverOf();
    const { port } = server;
    await expect(sendEmail(target(port, { user: 'engine' }), notification, 'wrong', never, ca)).rejects.toThrow(
      /the mail server: .*535/,
    );
    await server.close();
    await expect(sendEmail(target(port), notification, undefined, never, ca)).rejects.toThrow(
      'no answer (ECONNREFUSED)',
    );
  });

  it('has no more headers and recipients than the stack file names, whatever the texts are', async () => {
    const server = await serverOf();
    const hostile = 'done\r\nBcc: evil@example.org\r\n\r\n.\r\nRCPT TO:<evil@example.org>\u202e';
    const evil = { ...notification, text: hostile, details: { cause: { evidence: { logs: [hostile, '.'] } } } };
    await sendEmail(target(server.port), evil, undefined, never, ca);
    expect(server.mails.map(({ to }) => to)).toEqual([['ops@example.com', 'ana@example.com']]);
    const [head = ''] = server.mails[0]!.content.split('\r\n\r\n');
    expect(head).not.toMatch(/^Bcc:/im);
    const { subject } = messageOf(evil, { from: 'a@example.com', to: [] });
    expect(subject).toMatch(/^\[shop\/production\] done Bcc: evil@example.org/);
    expect(subject).not.toMatch(/[\r\n\u202e]/);
    await server.close();
  });

  it('goes to no address of the surroundings, and waits for nobody once it is cancelled', async () => {
    await expect(
      sendEmail(target(1, { url: 'smtp://169.254.169.254:25' }), notification, undefined, never),
    ).rejects.toThrow('link-local');
    const peer = new HostilePeer('hangs');
    const port = await peer.start();
    const cancelling = new AbortController();
    const sending = sendEmail(target(port), notification, undefined, cancelling.signal);
    setImmediate(() => cancelling.abort());
    await expect(sending).rejects.toThrow();
    await peer.stop();
  });
});
