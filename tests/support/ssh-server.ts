import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Server } from 'ssh2';

/**
 * A machine with a Docker Engine, reached by ssh: whoever has the key may run `docker system dial-stdio`, and nothing
 * else.
 */
export class SshServer {
  private server?: Server;

  /** `engine`: socket of its Docker Engine. */
  constructor(
    private readonly folder: string,
    private readonly engine: string,
  ) {}

  async start(): Promise<number> {
    for (const name of ['host', 'user'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.folder, name)]);
    const allowed = readFileSync(join(this.folder, 'user.pub'), 'utf8').split(' ')[1]!;
    this.server = new Server({ hostKeys: [readFileSync(join(this.folder, 'host'))] }, (client) => {
      client.on('error', () => undefined);
      client.on('authentication', (attempt) =>
        attempt.method === 'publickey' && attempt.key.data.toString('base64') === allowed
          ? attempt.accept()
          : attempt.reject(['publickey']),
      );
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, reject, { command }) => {
          if (command !== 'docker system dial-stdio') return reject();
          const channel = acceptExec();
          const docker = spawn('docker', ['-H', `unix://${this.engine}`, 'system', 'dial-stdio']);
          channel.pipe(docker.stdin);
          docker.stdout.pipe(channel, { end: false });
          docker.on('exit', (code) => {
            channel.exit(code ?? 1);
            channel.end();
          });
          channel.on('close', () => docker.kill());
        });
      });
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server?.close();
  }

  /** Puts an `ssh` on the path that knows this machine and its key. */
  introduce(): () => void {
    const settings = join(this.folder, 'settings');
    writeFileSync(
      settings,
      `IdentityFile ${join(this.folder, 'user')}\nStrictHostKeyChecking ` +
        'no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n',
    );
    writeFileSync(join(this.folder, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${settings} "$@"\n`, { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${this.folder}:${before}`;
    return () => void (process.env.PATH = before);
  }
}
