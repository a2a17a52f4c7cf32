import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { inspect } from 'node:util';

/** Idle connections that are kept for later requests. */
const mostIdle = 16;
const longestReason = 500;
const settings = ['BatchMode=yes', 'ConnectTimeout=30', 'ServerAliveInterval=15'];

/**
 * Connects to a remote Docker Engine like the `docker` command: `ssh` runs `docker system dial-stdio` there, with the
 * keys, known hosts and settings of the worker's user.
 */
export class SshAgent extends Agent {
  constructor(private readonly url: URL) {
    super({ keepAlive: true, maxFreeSockets: mostIdle });
  }

  override createConnection(): Duplex {
    const { hostname, port, username } = this.url;
    const options = [
      ...settings.flatMap((setting) => ['-o', setting]),
      ...(port ? ['-p', port] : []),
      ...(username ? ['-l', decodeURIComponent(username)] : []),
    ];
    return new SshStream(
      hostname,
      spawn('ssh', [...options, '--', hostname, 'docker', 'system', 'dial-stdio'], { stdio: 'pipe', env: process.env }),
    );
  }

  /** A pipe has no socket options. */
  override keepSocketAlive(): boolean {
    return true;
  }

  override reuseSocket(): void {}

  /**
   * The client formats every request for its debug log, even if that is disabled. With all connections of an agent this
   * would take seconds.
   */
  [inspect.custom](): string {
    return `ssh to ${this.url.hostname}`;
  }
}

/** The stdin and stdout of `ssh`. The stream ends only when `ssh` has exited and the reason is known. */
class SshStream extends Duplex {
  private reason = '';

  constructor(
    hostname: string,
    private readonly ssh: ChildProcessWithoutNullStreams,
  ) {
    super({ allowHalfOpen: true });
    ssh.stdout.on('data', (chunk: Buffer) => void (this.push(chunk) || ssh.stdout.pause()));
    ssh.stderr.on('data', (text: Buffer) => (this.reason = `${this.reason}${text.toString()}`.slice(-longestReason)));
    ssh.stdin.on('error', () => undefined);
    ssh.once('error', (error) => this.destroy(unreachable(`ssh cannot be run: ${error.message}`)));
    ssh.once('close', (code) =>
      code === 0
        ? this.push(null)
        : this.destroy(unreachable(`ssh ${hostname}: ${this.reason.trim() || `exit ${code}`}`)),
    );
  }

  override _read(): void {
    this.ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.ssh.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.ssh.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.ssh.kill();
    done(error);
  }
}

/** The error of an engine that does not answer. */
function unreachable(message: string): Error {
  return Object.assign(new Error(message), { code: 'EHOSTUNREACH' });
}
