import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../../src/client';
import { freePort } from '../../src/guard/free-port';
import { startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { findNginx } from '../support/nginx';
import { describeUnless } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';
import { webApp } from '../support/web-app';
import { isFull } from '../support/exhaustive';

const nginx = findNginx();
const others: [string, object][] = [
  ['blue_green', { blue_green: { keep_old: '0s' } }],
  ['canary', { canary: { steps: [{ weight: 20, bake: '1s' }] } }],
];

describeUnless('missing' in nginx ? nginx.missing : undefined, 'the front door of processes', () => {
  let engine: TestEngine;
  let port: number;
  const path = process.env.PATH;
  const name = uniqueName('front');
  const app = join(mkdtempSync(join(tmpdir(), 'deploy-code-app-')), 'app.js');
  beforeAll(async () => {
    writeFileSync(app, webApp);
    process.env.PATH = `${'folder' in nginx ? nginx.folder : ''}:${path}`;
    engine = await startEngine('front-processes');
    port = await freePort();
  });
  afterAll(async () => {
    await (await engine.client.stop(stack('1', 'rolling'))).result();
    await engine.close();
    process.env.PATH = path;
  });

  const stack = (version: string, strategy: object | string, more: object = {}): Stack =>
    stackOf({
      name,
      environment: 'test',
      infrastructure: { container_runtime: 'Process' },
      services: {
        web: {
          command: [process.execPath, app],
          working_dir: tmpdir(),
          environment: { VERSION: version },
          replicas: 3,
          expose: { port: 8080, host_port: port },
          strategy,
          ...more,
          health_check: { http: ':8080/healthz', interval: '200ms' },
          stop_grace_period: '2s',
        },
      },
    });
  const deploy = async (wanted: Stack) => {
    const result = await (await engine.client.deploy(wanted)).result();
    expect([result.cause, result.leftBehind]).toEqual([undefined, []]);
    return result;
  };

  it.each([['rolling', 'rolling'], ...(isFull ? others : [])])('loses no request: %s', async (_, strategy) => {
    expect(await deploy(stack('1', strategy))).toMatchObject({
      outcome: expect.stringMatching(/succeeded|unchanged/) as string,
    });
    const load = new Load({ url: `http://127.0.0.1:${port}/`, connections: 10 });
    await load.answered(100);
    for (const version of ['2', '3', '1'])
      expect(await deploy(stack(version, strategy))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await load.answered(100);
    const { failed, versions } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(versions).sort()).toEqual(['1', '2', '3']);
  });

  it('loses no request while the load balancer itself is replaced, for it gets another port', async () => {
    const another = await freePort();
    const two = {
      expose: [
        { port: 8080, host_port: port },
        { port: 8080, host_port: another },
      ],
    };
    expect(await deploy(stack('1', 'rolling'))).toMatchObject({
      outcome: expect.stringMatching(/succeeded|unchanged/) as string,
    });
    const load = new Load({ url: `http://127.0.0.1:${port}/`, connections: 10 });
    await load.answered(100);
    expect(await deploy(stack('1', 'rolling', two))).toMatchObject({
      outcome: 'succeeded',
      changed: ['web', 'load-balancer'],
    });
    expect((await fetch(`http://127.0.0.1:${another}/`)).status).toBe(200);
    expect(await deploy(stack('1', 'rolling'))).toMatchObject({ outcome: 'succeeded', changed: ['load-balancer'] });
    await load.answered(100);
    expect((await load.stop()).failed).toEqual({});
  });
});
