import type { Browser, Locator, Page } from 'playwright-core';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { openPage, startChromium } from '../support/chromium';
import { startEngine, type TestEngine } from '../support/engine';
import { describeWith } from '../support/parts';
import { stackOf } from '../support/stack';
import { until } from '../support/until';

const healthy = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };

const shop = (environment: string, web = 'web:1') =>
  stackOf({
    name: 'shop',
    environment,
    infrastructure: { container_runtime: 'Memory' },
    volumes: { data: {} },
    services: {
      database: { image: 'database:1', volumes: ['data:/data'], ...healthy },
      cache: { image: 'cache:1', ...healthy },
      migrate: { image: 'migrate:1', kind: 'job', depends_on: { database: 'healthy' } },
      search: { image: 'search:1', depends_on: { migrate: 'completed' }, ...healthy },
      api: { image: 'api:1', depends_on: { migrate: 'completed', cache: 'healthy' }, ...healthy },
      web: { image: web, depends_on: { api: 'healthy', search: 'healthy' }, ...healthy },
    },
  });

describeWith('chromium', 'the Temporal UI', () => {
  const host = new MemoryHost();
  let engine: TestEngine | undefined;
  let browser: Browser | undefined;
  let page: Page;
  let production: string[];
  let staging: string[];

  beforeAll(async () => {
    host.callMs = 20;
    for (const name of ['database', 'cache', 'migrate', 'search', 'api'])
      host.images.set(`${name}:1`, `sha256:${name}`);
    engine = await startEngine('ui', { runtimes: { memory: createMemoryRuntime(host) } });
    browser = await startChromium();
    page = await openPage(browser);
    production = [await deploy(shop('production')), await deploy(shop('production', 'web:2'))];
    staging = [await deploy(shop('staging'))];
    await untilListed('production', production.length);
    await untilListed('staging', staging.length);
  });
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  const deploy = async (stack: ReturnType<typeof shop>) => {
    const handle = await engine!.client.deploy(stack);
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    return handle.id;
  };

  /** A list shows what Temporal has indexed by the time it is opened. */
  const untilListed = async (environment: string, count: number) => {
    await until(async () => (await engine!.client.history({ stack: 'shop', environment })).length >= count);
  };

  const open = (path: string) =>
    page.goto(`${process.env.DEPLOY_CODE_TEST_TEMPORAL_UI}/namespaces/ui/workflows${path}`);

  const openDeployment = async (id: string, tab: RegExp) => {
    await open(`/${encodeURIComponent(id)}`);
    await page.getByRole('tab', { name: tab }).click();
  };

  /** The deployments in the list of an environment, once a known one is there. */
  const listed = async (environment: string, known: string) => {
    await open(`?query=${encodeURIComponent(`DeployCodeEnvironment="${environment}"`)}`);
    await page.getByRole('link', { name: known, exact: true }).waitFor();
    return page.getByRole('link', { name: /^deployment\// }).allInnerTexts();
  };

  it('lists the deployments of an environment and of no other', async () => {
    expect((await listed('production', production[0]!)).sort()).toEqual(production.toSorted());
    expect(await listed('staging', staging[0]!)).toEqual(staging);
  });

  it('tells in the history of a deployment what every activity did', async () => {
    await openDeployment(production[0]!, /^History/);
    await page.getByText('Compact', { exact: true }).click();
    const activities = page.getByRole('row').filter({ hasText: 'Activity Type' });
    for (const sentence of [
      'pull web:1',
      'create volume shop-production_data',
      'start database-1 (database:1)',
      'run migrate-1',
      'start web-1 (web:1)',
      'confirm the health of 5 instances',
    ]) {
      await activities.filter({ hasText: sentence }).waitFor();
    }
    expect(await activities.filter({ hasNotText: 'Summary' }).allInnerTexts()).toEqual([]);
  });

  it('shows the phases of a deployment in a table', async () => {
    await openDeployment(production[0]!, /^User Metadata/);
    const details = page.locator('iframe').last();
    const table = details.contentFrame().getByRole('table');
    await table.waitFor();
    expect(await cells(table)).toEqual([
      ['phase', 'service', 'action', 'state'],
      ['1', 'database', 'create', 'ok'],
      ['1', 'cache', 'create', 'ok'],
      ['2', 'migrate', 'run', 'ok'],
      ['3', 'search', 'create', 'ok'],
      ['3', 'api', 'create', 'ok'],
      ['4', 'web', 'create', 'ok'],
    ]);
    if (process.env.DEPLOY_CODE_SCREENSHOT === '1') await takeScreenshot(details);
  });

  const cells = async (table: Locator) =>
    Promise.all((await table.getByRole('row').all()).map((row) => row.locator('th, td').allInnerTexts()));

  /** For the README. The UI makes the frame of the details a little too short for its content. */
  const takeScreenshot = async (details: Locator) => {
    const height = await details
      .contentFrame()
      .locator('html')
      .evaluate((html) => html.scrollHeight);
    await details.evaluate((frame, pixels) => frame.style.setProperty('height', `${pixels}px`), height);
    await page.screenshot({ path: 'docs/images/temporal-ui.png' });
  };
});
