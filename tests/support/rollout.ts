import { freePort } from '../../src/guard/free-port';
import type { Stack } from '../../src/config';
import { stackOf, uniqueName } from './stack';
import { wipe } from './docker-world';
import { webApp } from './web-app';

type Data = Record<string, unknown>;

/** A service of three behind the load balancer, in versions; `change` alters it, `more` the stack. */
export class RolloutWorld {
  readonly name = uniqueName('front');
  port = 0;

  async prepare(): Promise<this> {
    this.port = await freePort();
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  stack(version: string, change: Data = {}, more: Data = {}): Stack {
    const { environment = {}, ...rest } = change;
    const {
      services = {},
      infrastructure = {},
      configs = {},
      ...others
    } = more as { services?: Data; infrastructure?: Data; configs?: Data };
    return stackOf({
      name: this.name,
      environment: 'test',
      infrastructure: { load_balancer: { image: 'nginx:1.28' }, ...infrastructure },
      configs: { app: { content: webApp }, ...configs },
      services: {
        web: {
          image: 'node:20',
          command: ['node', '/app.js'],
          configs: { app: '/app.js' },
          environment: { VERSION: version, ...(environment as Data) },
          replicas: 3,
          expose: { port: 8080, host_port: this.port },
          health_check: { http: ':8080/healthz', interval: '500ms', start_period: '20s' },
          stop_grace_period: '2s',
          ...rest,
        },
        ...services,
      },
      ...others,
    });
  }
}

/** The worlds of a suite, which go with it. */
export class RolloutWorlds {
  private readonly made: RolloutWorld[] = [];

  async next(): Promise<RolloutWorld> {
    const world = await new RolloutWorld().prepare();
    this.made.push(world);
    return world;
  }

  async wipe(): Promise<void> {
    await Promise.all(this.made.map(({ name }) => wipe(name)));
  }
}
