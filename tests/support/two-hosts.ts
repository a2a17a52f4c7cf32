import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from './certificates';
import { ip, OwnEngine } from './own-engine';
import { SshServer } from './ssh-server';

const addresses = { alpha: '10.214.9.1', beta: '10.214.9.2' };
const port = 2376;

/**
 * Two Docker Engines, each in a network of its own as if on a machine of its own, with a cable between them and one to
 * this machine: alpha is reached by TCP with TLS, beta by ssh.
 */
export class TwoHosts {
  readonly folder = mkdtempSync(join(tmpdir(), 'deploy-code-hosts-'));
  readonly alpha: OwnEngine;
  readonly beta = new OwnEngine();
  private readonly ssh: SshServer;
  private restorePath?: () => void;

  constructor() {
    const file = (name: string) => join(this.folder, name);
    this.alpha = new OwnEngine({
      flags: [
        '-H',
        `tcp://0.0.0.0:${port}`,
        '--tlsverify',
        '--tlscacert',
        file('ca.pem'),
        '--tlscert',
        file('alpha-cert.pem'),
        '--tlskey',
        file('alpha-key.pem'),
      ],
    });
    this.ssh = new SshServer(this.folder, this.beta.socket);
  }

  /** Resolves with the `infrastructure.hosts` of a stack file, in a file of its own. */
  async create(images: string[]): Promise<string> {
    makeCertificates(this.folder, {
      alpha: { address: addresses.alpha, usage: 'serverAuth' },
      worker: { usage: 'clientAuth' },
    });
    await this.alpha.create(images);
    await this.beta.create(images);
    this.connect();
    const sshPort = await this.ssh.start();
    this.restorePath = this.ssh.introduce();
    const file = join(this.folder, 'hosts.yaml');
    writeFileSync(
      file,
      `
infrastructure:
  hosts:
    alpha:
      docker: "tcp://${addresses.alpha}:${port}"
      tls: {ca: ca.pem, cert: worker-cert.pem, key: worker-key.pem}
      zone: data
    beta: {docker: "ssh://tester@127.0.0.1:${sshPort}", address: ${addresses.beta}, zone: edge}
`,
    );
    return file;
  }

  async destroy(): Promise<void> {
    this.restorePath?.();
    this.ssh.stop();
    await Promise.all([this.alpha.destroy(), this.beta.destroy()]);
  }

  private connect(): void {
    const [alpha, beta] = [this.alpha.network!.name, this.beta.network!.name];
    const suffix = process.pid % 10_000;
    ip('link', 'add', `dca${suffix}`, 'type', 'veth', 'peer', 'name', 'outside', 'netns', alpha);
    ip('link', 'add', `dcb${suffix}`, 'type', 'veth', 'peer', 'name', 'outside', 'netns', beta);
    ip('-n', alpha, 'link', 'add', 'between', 'type', 'veth', 'peer', 'name', 'between', 'netns', beta);
    for (const [index, [name, network]] of [
      [`dca${suffix}`, alpha],
      [`dcb${suffix}`, beta],
    ].entries()) {
      const wire = `10.214.${index + 1}`;
      ip('addr', 'add', `${wire}.1/30`, 'dev', name!);
      ip('link', 'set', name!, 'up');
      ip('-n', network!, 'addr', 'add', `${wire}.2/30`, 'dev', 'outside');
      ip('-n', network!, 'link', 'set', 'outside', 'up');
      ip('-n', network!, 'addr', 'add', `10.214.9.${index + 1}/30`, 'dev', 'between');
      ip('-n', network!, 'link', 'set', 'between', 'up');
      ip('route', 'add', `10.214.9.${index + 1}/32`, 'via', `${wire}.2`);
    }
  }
}
