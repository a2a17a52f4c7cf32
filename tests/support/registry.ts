import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { downloadPackage } from './debian-package';
import { until } from './until';

const usualAddress = '127.0.0.1:5000';
const cache = resolve('.deploy-code', 'cache', 'registry');
const unpacked = join(cache, 'usr', 'bin', 'docker-registry');

export interface RegistryOptions {
  /** Host and port. */
  address?: string;
  /** Section `auth` of its settings; default everybody may do everything. */
  auth?: object;
}

/** A real image registry on this machine. */
export class Registry {
  private server?: ChildProcess;
  private readonly settings: string;

  private constructor(
    private readonly program: string,
    private readonly folder: string,
    readonly address: string,
    auth?: object,
  ) {
    this.settings = join(folder, 'registry.json');
    writeFileSync(
      this.settings,
      JSON.stringify({
        version: 0.1,
        storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
        http: { addr: address },
        ...(auth && { auth }),
      }),
    );
  }

  /** Nothing where this machine has none. */
  static find(folder: string, { address = usualAddress, auth }: RegistryOptions = {}): Registry | undefined {
    const program = installed() ?? (existsSync(unpacked) ? unpacked : undefined);
    return program ? new Registry(program, folder, address, auth) : undefined;
  }

  /** Has Debian's package unpacked, not installed, where that can be had. */
  static prepare(): void {
    if (installed() || existsSync(unpacked)) return;
    mkdirSync(cache, { recursive: true });
    try {
      downloadPackage('docker-registry', cache);
    } catch {
      return;
    }
    execFileSync('dpkg', ['-x', readdirSync(cache).find((file) => file.endsWith('.deb'))!, '.'], { cwd: cache });
  }

  image(version: number): string {
    return `${this.address}/chaos/web:${version}`;
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'registry.log'), 'a');
    this.server = spawn(this.program, ['serve', this.settings], { stdio: ['ignore', log, log] });
    await until(() =>
      fetch(`http://${this.address}/v2/`).then(
        ({ status }) => status === 200 || status === 401,
        () => false,
      ),
    );
  }

  async kill(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }
}

function installed(): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, 'docker-registry'))
    .find((program) => existsSync(program));
}
