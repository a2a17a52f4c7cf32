import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startChromium } from '../support/chromium';
import { Dashboard } from '../support/dashboard';
import { startEngine, type TestEngine } from '../support/engine';
import { reached, step } from '../support/events';
import { describeWith } from '../support/parts';
import { stackOf } from '../support/stack';

const folder = 'docs/images/dashboard';
const healthy = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
const approved = {
  strategy: { blue_green: { approval: true, keep_old: '0s' } },
  expose: { port: 8080, host_port: 80 },
};

const shop = (environment: string, web = 'web:1.5.0', more: object = {}): Stack =>
  stackOf({
    name: 'shop',
    environment,
    infrastructure: { container_runtime: 'Memory' },
    watch: { interval: '1s' },
    volumes: { data: {} },
    services: {
      database: { image: 'database:15', volumes: ['data:/data'], ...healthy },
      cache: { image: 'cache:7', ...healthy },
      migrate: { image: 'migrate:1', kind: 'job', depends_on: { database: 'healthy' } },
      api: { image: 'api:1', replicas: 2, depends_on: { migrate: 'completed', cache: 'healthy' }, ...healthy },
      web: { image: web, replicas: 2, depends_on: { api: 'healthy' }, ...healthy, ...more },
    },
  });

const single = (name: string, environment: string): Stack =>
  stackOf({
    name,
    environment,
    infrastructure: { container_runtime: 'Memory' },
    watch: { interval: '1s' },
    services: { [name]: { image: `${name}:1`, ...healthy } },
  });

/** The pictures of docs/dashboard.md and the README. */
describeWith('chromium', 'the pictures of the dashboard', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let browser: Browser;
  let dashboard: Dashboard;
  let page: Page;
  const take = async (name: string, of: Page = page) => {
    await of.locator('.loading').first().waitFor({ state: 'detached' });
    await of.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  };
  const deploy = async (stack: Stack, reason: string) => (await engine.client.deploy(stack, { reason })).result();

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    host.callMs = 20;
    engine = await startEngine('dashboard', { runtimes: { memory: createMemoryRuntime(host) } });
    browser = await startChromium();
    dashboard = new Dashboard(engine.client, browser);
    await dashboard.start();
    page = await dashboard.open('user:ana', 'operator', { viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    for (const environment of ['production', 'staging']) await deploy(shop(environment), 'SHOP-801 cart in one page');
    for (const name of ['blog', 'billing']) await deploy(single(name, 'production'), 'the first one');
    await deploy(single('search', 'production'), 'a new index');
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.stop();
    await engine?.close();
  });

  it('are taken of what has happened in five environments', async () => {
    host.exits = { 'web:1.6.0': 1 };
    await deploy(shop('production', 'web:1.6.0'), 'SHOP-812 faster cart');
    host.exits = {};
    host.unhealthy = { billing: 'GET :8080/healthz answered 500' };
    await engine.client.freeze({ stack: 'blog', environment: 'production' }, { reason: 'holidays' });
    const handle = await engine.client.deploy(shop('staging', 'web:1.6.1', approved), { reason: 'SHOP-813' });
    await reached(handle, step('step.started', 'approve the switch of web'));
    await page.goto(dashboard.url);
    await page.getByText('answered 500').waitFor();
    await page.getByText('waits for somebody').waitFor();
    await take('environments');
    await page.goto(`${dashboard.url}/environments/shop/production`);
    await page.getByRole('link', { name: 'web-2' }).waitFor();
    await take('environment');
    await page.goto(`${dashboard.url}/environments/shop/production/deployments/2`);
    await page.getByRole('heading', { name: 'What failed: web' }).waitFor();
    await take('failure');
    await page.goto(`${dashboard.url}/environments/shop/staging/deployments/2`);
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    await page.getByText('approve the switch of web').first().waitFor();
    await take('deployment');
    await page.goto(`${dashboard.url}/environments/shop/production/operations`);
    await page.getByText('Verified').waitFor();
    await take('operations');
    const phone = await dashboard.open('user:ana', undefined, {
      viewport: { width: 390, height: 780 },
      deviceScaleFactor: 2,
      colorScheme: 'dark',
      locale: 'en-GB',
    });
    await phone.goto(dashboard.url);
    await phone.getByText('answered 500').waitFor();
    await take('phone', phone);
    expect(dashboard.complaints).toEqual([]);
  });
});
