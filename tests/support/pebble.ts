import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../src/guard/free-port';
import { makeCertificates } from './certificates';
import { eventually } from './eventually';

const version = 'v2.8.0';
const programs = ['pebble', 'pebble-challtestsrv'];
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'deploy-code', `pebble-${version}`);
const loopback = '127.0.0.1';

/** Why Pebble, Let's Encrypt's CA for tests, cannot run; undefined if it can. Go builds it once. */
export function missingPebble(): string | undefined {
  if (programs.every((name) => existsSync(join(folder, name)))) return undefined;
  if (spawnSync('go', ['version']).status !== 0) return 'Pebble is not built, and there is no Go to build it';
  mkdirSync(join(folder, '..'), { recursive: true });
  const built = mkdtempSync(`${folder}-`);
  const sources = programs.map((name) => `github.com/letsencrypt/pebble/v2/cmd/${name}@${version}`);
  execFileSync('go', ['install', ...sources], { env: { ...process.env, GOBIN: built }, stdio: 'pipe' });
  if (!existsSync(folder)) renameSync(built, folder);
  return undefined;
}

export interface PebbleOptions {
  /** Port at which it asks for the answers of challenges. */
  httpPort: number;
  /** Lifetime of its certificates, in seconds. */
  lifetime: number;
}

/** A real CA on loopback. All names have this machine's loopback address, except those that it cannot resolve. */
export class Pebble {
  private constructor(
    readonly directory: string,
    /** Certificate of the authority of its own port. */
    readonly authority: string,
    private readonly ports: { management: number; names: number },
    private readonly processes: ChildProcess[],
  ) {}

  static async start({ httpPort, lifetime }: PebbleOptions): Promise<Pebble> {
    const [listen, management, names, dns] = await distinctPorts(4);
    const files = mkdtempSync(join(tmpdir(), 'deploy-code-pebble-'));
    makeCertificates(files, { pebble: { address: loopback, usage: 'serverAuth' } });
    const configuration = {
      listenAddress: `${loopback}:${listen}`,
      managementListenAddress: `${loopback}:${management}`,
      certificate: join(files, 'pebble-cert.pem'),
      privateKey: join(files, 'pebble-key.pem'),
      httpPort,
      tlsPort: httpPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: 'short', validityPeriod: lifetime } },
    };
    writeFileSync(join(files, 'pebble.json'), JSON.stringify({ pebble: configuration }));
    const off = ['http01', 'https01', 'tlsalpn01', 'doh'].map((name) => `-${name}=`);
    const run = (name: string, args: string[]) =>
      spawn(join(folder, name), args, { stdio: 'ignore', env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' } });
    const processes = [
      run('pebble-challtestsrv', [
        `-management=${loopback}:${names}`,
        `-dns01=${loopback}:${dns}`,
        `-defaultIPv4=${loopback}`,
        '-defaultIPv6=',
        ...off,
      ]),
      run('pebble', ['-config', join(files, 'pebble.json'), '-dnsserver', `${loopback}:${dns}`, '-strict']),
    ];
    const directory = `https://${loopback}:${listen}/dir`;
    const authority = readFileSync(join(files, 'ca.pem'), 'utf8');
    const pebble = new Pebble(directory, authority, { management: management!, names: names! }, processes);
    await eventually(async () => void (await pebble.root()));
    return pebble;
  }

  /** The certificate of the authority that signs what it gives. */
  async root(): Promise<string> {
    return new Promise((resolve, reject) => {
      const url = `https://${loopback}:${this.ports.management}/roots/0`;
      requestSecurely(url, { ca: this.authority, agent: false }, (answer) => void text(answer).then(resolve, reject))
        .once('error', reject)
        .end();
    });
  }

  /** The name servers of a name fail from now on. */
  lose(host: string): Promise<void> {
    return this.tell('set-servfail', { host });
  }

  /** They answer again. */
  find(host: string): Promise<void> {
    return this.tell('clear-servfail', { host });
  }

  stop(): void {
    for (const each of this.processes) each.kill();
  }

  private tell(what: string, body: object): Promise<void> {
    return new Promise((resolve, reject) => {
      request({ host: loopback, port: this.ports.names, path: `/${what}`, method: 'POST', agent: false }, (answer) => {
        answer.resume();
        answer.once('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`))));
      })
        .once('error', reject)
        .end(JSON.stringify(body));
    });
  }
}

async function distinctPorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) found.add(await freePort());
  return [...found];
}
