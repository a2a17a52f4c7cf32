import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { cli, type CliResult } from './cli';
import { docker, wipe } from './docker-world';
import { address } from './engine';
import { buildOnApp } from './image';
import type { Namespace } from './namespaces';
import { describeWith } from './parts';
import { uniqueName } from './stack';
import { until } from './until';
import { WorkerProcess } from './worker-process';

/** A Compose file of the shape that people have, deployed as it is, under a name of its own. */
export class ComposeStack {
  readonly name: string;
  readonly folder: string;

  /** @param shape a folder of `tests/stacks` */
  constructor(
    readonly shape: string,
    private readonly environment: Record<string, string>,
  ) {
    this.name = uniqueName(shape);
    this.folder = join(mkdtempSync(join(tmpdir(), `deploy-code-${shape}-`)), shape);
    cpSync(resolve('tests', 'stacks', shape), this.folder, { recursive: true });
  }

  run(...words: string[]): Promise<CliResult> {
    const environment = { ...this.environment, COMPOSE_PROJECT_NAME: this.name };
    return cli(words, { cwd: this.folder, environment });
  }

  /** The output of a command in the first instance of a service. */
  async in(service: string, command: string): Promise<string> {
    return execFileSync('docker', ['exec', await this.idOf(service), 'sh', '-c', command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async inspect(service: string) {
    return docker.getContainer(await this.idOf(service)).inspect();
  }

  /** The variables of a service, as its container has them. */
  async variables(service: string): Promise<Record<string, string>> {
    const { Config } = await this.inspect(service);
    return Object.fromEntries(Config.Env.map((each) => each.split(/=(.*)/s, 2) as [string, string]));
  }

  /** The body at a port of this machine, as soon as something answers there. */
  async get(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
    let body = '';
    await until(() =>
      request(port, path, headers).then(
        (answer) => {
          body = answer;
          return true;
        },
        () => false,
      ),
    );
    return body;
  }

  async remove(): Promise<void> {
    await wipe(this.name);
    const built = await docker.listImages({ filters: { reference: [`${this.name}-*`] } });
    for (const tag of built.flatMap(({ RepoTags }) => RepoTags ?? []))
      await docker.getImage(tag).remove({ force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async idOf(service: string): Promise<string> {
    const label = [`deploy-code.stack=${this.name}`, `deploy-code.service=${service}`];
    const [container] = await docker.listContainers({ filters: { label } });
    if (!container) throw new Error(`nothing of ${service} runs`);
    return container.Id;
  }
}

type Deploy = (shape: string, ...images: string[]) => Promise<ComposeStack>;

/**
 * A suite over stacks of `tests/stacks`, each removed after its test.
 * @param namespace of Temporal, of this suite alone
 * @param body gets what deploys a stack, with images that stand in for public ones, and what removes those deployed
 */
export function describeStacks(
  title: string,
  namespace: Namespace,
  body: (deploy: Deploy, remove: () => Promise<void>) => void,
): void {
  describeWith('docker', title, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-shapes-'));
    const worker = new WorkerProcess(namespace, dataDir);
    const stacks: ComposeStack[] = [];
    const deploy: Deploy = async (shape, ...images) => {
      await makeStandIns(images);
      const stack = new ComposeStack(shape, { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: namespace });
      stacks.push(stack);
      const { code, stdout, stderr } = await stack.run('deploy');
      if (code !== 0) throw new Error(`${shape} was not deployed\n${stdout}\n${stderr}`);
      return stack;
    };
    const remove = async () => {
      for (const stack of stacks.splice(0)) await stack.remove();
    };

    beforeAll(() => worker.start());
    afterEach(remove);
    afterAll(async () => {
      await worker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    body(deploy, remove);
  });
}

/** The body of an answer with status 200; the Host of `headers` is sent as it is, unlike by `fetch`. */
function request(port: number, path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      text(response).then(resolve, reject);
    }).once('error', reject);
  });
}

/** Lines of a Dockerfile on the tests' own image, by the name of the public image that it stands in for. */
const standIns: Record<string, string[]> = {
  'wordpress:latest': serves(80, 'VOLUME /var/www/html'),
  'mysql:8.0': serves(3306, 'ENV DATA=/var/lib/mysql', 'VOLUME /var/lib/mysql'),
  'mariadb:10.11': serves(
    3306,
    'ENV DATA=/var/lib/mysql',
    'VOLUME /var/lib/mysql',
    script('healthcheck.sh', 'test "$1 $2" = "--connect --innodb_initialized" && nc -w 1 127.0.0.1 3306 < /dev/null'),
  ),
  'nextcloud:fpm-alpine': serves(9000, 'VOLUME /var/www/html', script('../cron.sh', 'exec sleep 100000')),
  'docker.n8n.io/n8nio/n8n:latest': serves(5678),
  'ghcr.io/goauthentik/server:2024.2.2': serves(9000),
  'prom/node-exporter:latest': serves(9100),
  'grafana/grafana-oss:latest': serves(3000),
  'traefik:v3.0': serves(80),
  'traefik/whoami:latest': serves(80),
  'python:3.10-alpine': [script('pip', 'exit 0'), script('flask', 'PORT=5000 exec /bin/app')],
};

function serves(port: number, ...lines: string[]): string[] {
  return [`ENV PORT=${port}`, `EXPOSE ${port}`, ...lines, 'ENTRYPOINT ["/bin/app"]'];
}

function script(name: string, text: string): string {
  return `RUN printf '%s\\n' '#!/bin/sh' '${text}' > /bin/${name} && /bin/busybox chmod 755 /bin/${name}`;
}

/** Makes images that stand in for public ones; one that is there already stays. */
async function makeStandIns(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const isThere = await docker
      .getImage(name)
      .inspect()
      .then(
        () => true,
        () => false,
      );
    if (!isThere) await buildOnApp(name, ...standIns[name]!);
  }
}
