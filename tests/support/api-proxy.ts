import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { clusterEndpoint } from './cluster';

/** A way to the API server of the cluster that can be cut. */
export class ApiProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  constructor(private readonly target: URL) {
    this.server = createServer((socket) => this.pass(socket));
  }

  /** Resolves with a kubeconfig that leads through it, as the engine. */
  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const config = new KubeConfig();
    config.loadFromFile(clusterEndpoint().kubeconfig!);
    const { port } = this.server.address() as AddressInfo;
    const through = new KubeConfig();
    through.loadFromClusterAndUser(
      { ...config.getCurrentCluster()!, server: `https://127.0.0.1:${port}` },
      config.getCurrentUser()!,
    );
    const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-proxy-')), 'config');
    writeFileSync(file, through.exportConfig(), { mode: 0o600 });
    return file;
  }

  /** As a server that is away: connections end, and new ones are refused. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  stop(): void {
    this.cut();
    this.server.close();
  }

  private pass(socket: Socket): void {
    if (this.isCut) return void socket.destroy();
    const onward = connect(Number(this.target.port), this.target.hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.sockets.add(one);
      one.pipe(other);
      one
        .once('error', () => other.destroy())
        .once('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
    }
  }
}
