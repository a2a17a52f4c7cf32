import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../../src/client';
import { freePort } from '../../src/worker/free-port';
import { startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { findNginx } from '../support/nginx';
import { describeUnless } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';
import { webApp } from '../support/web-app';

const nginx = findNginx();

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

  const stack = (version: string, strategy: object | string): Stack =>
    stackOf({
      name, environment: 'test',
      infrastructure: { container_runtime: 'Process' },
      services: { web: { command: [process.execPath, app], environment: { VERSION: version }, replicas: 3, expose: { port: 8080, host_port: port }, strategy, health_check: { http: ':8080/healthz', interval: '200ms' }, stop_grace_period: '2s' } },
    });
  const deploy = async (wanted: Stack) => {
    const result = await (await engine.client.deploy(wanted)).result();
    expect([result.cause, result.leftBehind]).toEqual([undefined, []]);
    return result;
  };

  it.each([['rolling', 'rolling'], ['blue_green', { blue_green: { keep_old: '0s' } }], ['canary', { canary: { steps: [{ weight: 20, bake: '1s' }] } }]])('loses no request: %s', async (_, strategy) => {
    expect(await deploy(stack('1', strategy))).toMatchObject({ outcome: expect.stringMatching(/succeeded|unchanged/) as string });
    const load = new Load({ url: `http://127.0.0.1:${port}/`, connections: 10 });
    await load.answered(100);
    for (const version of ['2', '3', '1']) expect(await deploy(stack(version, strategy))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    await load.answered(100);
    const { failed, versions } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(versions).sort()).toEqual(['1', '2', '3']);
  });
});
