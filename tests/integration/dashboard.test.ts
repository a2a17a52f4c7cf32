import type { Browser, Page } from 'playwright-core';
import { actingFor, type Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { ApiEngine } from '../support/api-engine';
import { startChromium } from '../support/chromium';
import { accessibilityProblems, Dashboard, isTooWide } from '../support/dashboard';
import { dockerStack, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { reached, step } from '../support/events';
import { memoryStack } from '../support/memory-stack';
import { describeWith } from '../support/parts';

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
const approved = { strategy: { blue_green: { approval: true, keep_old: '0s' } } };
const published = { expose: { port: 8080, host_port: 80 } };

describeWith('chromium', 'the dashboard', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let browser: Browser;
  let dashboard: Dashboard;
  let shop: Stack;
  const at = ({ name }: Stack, more = '') => `${dashboard.url}/environments/${name}/test${more}`;
  const version = (of: string, name?: string): Stack => {
    const stack = memoryStack({
      database: { image: 'database:1', ...checked },
      web: {
        image: `web:${of}`,
        replicas: 2,
        depends_on: { database: 'healthy' },
        ...approved,
        ...published,
        ...checked,
      },
    });
    return name === undefined ? stack : { ...stack, name };
  };
  const deploy = async (stack: Stack, reason?: string) =>
    engine.client.deploy(stack, reason === undefined ? {} : { reason });

  beforeAll(async () => {
    engine = await startEngine('dashboard', { runtimes: { memory: createMemoryRuntime(host) } });
    browser = await startChromium();
    dashboard = new Dashboard(engine.client, browser);
    await dashboard.start();
    shop = version('1');
    expect(await (await deploy(shop, 'the first one')).result()).toMatchObject({ outcome: 'succeeded' });
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.stop();
    await engine?.close();
  });
  afterEach(() => {
    expect(dashboard.complaints).toEqual([]);
    expect([...dashboard.hosts].filter((each) => each !== '' && each !== new URL(dashboard.url).host)).toEqual([]);
    host.exits = {};
  });

  const tileOf = (page: Page, { name }: Stack) => page.locator('.tile', { hasText: name });

  it('sends whoever is not logged in to the log-in, and back', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(at(shop));
    await page.waitForURL('**/login?**');
    expect(new URL(page.url()).searchParams.get('return')).toBe(`/environments/${shop.name}/test`);
    await page.context().close();
  });

  it('shows every environment with its health, release and person, and finds one by keyboard', async () => {
    const other = memoryStack({ web: { image: 'web:1', ...checked } });
    await (await deploy(other)).result();
    const page = await dashboard.open('user:vera', 'viewer');
    await page.goto(dashboard.url);
    await tileOf(page, shop).getByText('release 1').waitFor();
    await tileOf(page, other).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(shop.name);
    await tileOf(page, other).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('search')).toBe(shop.name);
    await page.keyboard.press('Tab');
    await page.locator('body').evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(at(shop));
    await page.getByRole('heading', { name: `${shop.name}/test` }).waitFor();
    await page.getByRole('link', { name: 'web-2' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(`${dashboard.url}/`);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('shows a deployment live in two browsers; one approves it, and both see who', async () => {
    const [ana, ben] = await Promise.all([
      dashboard.open('user:ana', 'operator'),
      dashboard.open('user:ben', 'operator'),
    ]);
    const handle = await deploy(version('2', shop.name), 'a faster cart');
    await reached(handle, step('step.started', 'approve the switch of web'));
    const { deployment } = await handle.progress();
    for (const page of [ana, ben]) {
      await page.goto(at(shop, `/deployments/${deployment}`));
      await page.getByText('To approve: approve the switch of web').waitFor();
      await page.getByText('a faster cart').first().waitFor();
    }
    await ana.getByRole('button', { name: 'Approve' }).focus();
    await ana.keyboard.press('Enter');
    await ana.getByLabel('Reason').fill('looks good');
    await ana.keyboard.press('Enter');
    for (const page of [ana, ben]) {
      await page.locator('.page-status', { hasText: 'Succeeded' }).waitFor();
      await page.getByText('approved by user:ana: looks good').waitFor();
      await page.getByText('Release 2 runs now.').waitFor();
      expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    }
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', steering: [{ by: 'user:ana' }] });
    await Promise.all([ana.context().close(), ben.context().close()]);
  });

  it('shows a failure with its evidence and the rollback while it happens, and what people may do', async () => {
    const bad = memoryStack({ web: { image: 'web:1', ...checked } });
    await (await deploy(bad)).result();
    host.exits = { 'web:broken': 3 };
    const [viewer, operator] = await Promise.all([
      dashboard.open('user:vera', 'viewer'),
      dashboard.open('user:olaf', 'operator'),
    ]);
    await viewer.goto(dashboard.url);
    await operator.goto(at(bad));
    const next = memoryStack({ web: { image: 'web:broken', ...checked } });
    const handle = await deploy({ ...next, name: bad.name });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    await tileOf(viewer, bad).getByText('Deployment 2: Rolled back').waitFor();
    await operator.getByRole('link', { name: 'Deployment 2', exact: true }).click();
    await operator.getByRole('heading', { name: 'What failed: web' }).waitFor();
    await operator.getByText('Exit code: 3').waitFor();
    await operator.getByText('log of web').waitFor();
    await operator.locator('.page-status', { hasText: 'Rolled back' }).waitFor();
    await viewer.goto(at(bad));
    await viewer.getByText('release 1').first().waitFor();
    expect(await viewer.getByRole('button', { name: /Roll back/ }).count()).toBe(0);
    await Promise.all([viewer.context().close(), operator.context().close()]);
  });

  it('rolls back to a release after showing the plan', async () => {
    const page = await dashboard.open('user:olaf', 'operator');
    await page.goto(at(shop));
    await page.getByRole('button', { name: 'Roll back to release 1' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('web:2').waitFor();
    await dialog.getByLabel('Reason').fill('slower after all');
    await dialog.getByRole('button', { name: 'Roll back to release 1' }).click();
    await page.getByRole('heading', { name: /Deployment/ }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.locator('.page-status', { hasText: 'Succeeded' }).waitFor();
    await page.getByText('slower after all').first().waitFor();
    await page.context().close();
  });

  it('deploys another image after showing the plan; a viewer is not offered that', async () => {
    const stack = memoryStack({ web: { image: 'web:1', ...checked }, cache: { image: 'cache:1', ...checked } });
    await (await deploy(stack)).result();
    const [operator, viewer] = await Promise.all([
      dashboard.open('user:olaf', 'operator'),
      dashboard.open('user:vera', 'viewer'),
    ]);
    await viewer.goto(at(stack));
    await viewer.getByRole('link', { name: 'Operations' }).waitFor();
    expect(await viewer.getByRole('link', { name: 'Deploy', exact: true }).count()).toBe(0);
    await viewer.goto(at(stack, '/deploy'));
    await viewer.getByText('your role does not include deploying').waitFor();
    await operator.goto(at(stack));
    await operator.getByRole('link', { name: 'Deploy', exact: true }).click();
    await operator.getByLabel('Image of web').fill('web:2');
    await operator.getByLabel('Reason').fill('from a phone');
    await operator.keyboard.press('Enter');
    await operator.getByText('image:').waitFor();
    expect(await accessibilityProblems(operator)).toEqual([]);
    await operator.getByRole('button', { name: 'Deploy' }).click();
    await operator.locator('.page-status', { hasText: 'Succeeded' }).waitFor();
    await operator.getByText('Changed: web').waitFor();
    const release = await engine.client.release({ stack: stack.name, environment: 'test' }, 2);
    expect(release).toMatchObject({ requestedBy: 'user:olaf', reason: 'from a phone' });
    await Promise.all([operator.context().close(), viewer.context().close()]);
  });

  it('asks nobody to approve what they have asked for themselves, with four eyes', async () => {
    const stack = version('1');
    const fourEyes = { ...stack, security: { ...stack.security, fourEyes: true } } as Stack;
    await (await deploy(fourEyes)).result();
    const next = { ...version('2', stack.name), security: fourEyes.security };
    const handle = await actingFor({ by: 'user:ana', from: 'here' }, () => deploy(next));
    await reached(handle, step('step.started', 'approve the switch of web'));
    const { deployment } = await handle.progress();
    const [ana, ben] = await Promise.all([
      dashboard.open('user:ana', 'operator'),
      dashboard.open('user:ben', 'operator'),
    ]);
    for (const page of [ana, ben]) {
      await page.goto(at(stack, `/deployments/${deployment}`));
      await page.getByRole('button', { name: 'Reject' }).waitFor();
    }
    expect(await ana.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await ben.getByRole('button', { name: 'Approve' }).click();
    await ben.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    await Promise.all([ana.context().close(), ben.context().close()]);
  });

  it('shows the log lines of all instances, and those with a text', async () => {
    const page = await dashboard.open('user:vera', 'viewer');
    await page.goto(at(shop));
    await page.getByRole('link', { name: 'Logs' }).click();
    await page.getByText('log of database').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('of web');
    await page.getByText('log of database').waitFor({ state: 'detached' });
    await page.getByText('log of web').first().waitFor();
    await page.getByLabel('Service').selectOption('database');
    await page.getByText('No line has this text.').waitFor();
    await page.context().close();
  });

  it('freezes and thaws, and shows the records of it; a viewer has no button for that', async () => {
    const [operator, viewer] = await Promise.all([
      dashboard.open('user:olaf', 'operator'),
      dashboard.open('user:vera', 'viewer'),
    ]);
    await operator.goto(at(shop));
    await operator.getByRole('link', { name: 'Operations' }).click();
    await operator.getByRole('button', { name: 'Freeze' }).click();
    const dialog = operator.getByRole('dialog');
    await dialog.getByLabel('For how long').selectOption('4');
    await dialog.getByLabel('Reason').fill('holidays');
    await dialog.getByRole('button', { name: 'Freeze' }).click();
    await operator.getByText(/Frozen by user:olaf until .*: holidays/).waitFor();
    await viewer.goto(dashboard.url);
    await tileOf(viewer, shop)
      .getByText(/Frozen by user:olaf until/)
      .waitFor();
    await viewer.goto(at(shop, '/operations'));
    await viewer.getByText(/Frozen by user:olaf until .*: holidays/).waitFor();
    for (const name of ['End the freeze', 'Pause the watch'])
      expect(await viewer.getByRole('button', { name }).count()).toBe(0);
    expect(await viewer.getByRole('heading', { name: 'Audit trail' }).count()).toBe(0);
    await operator.getByRole('button', { name: 'End the freeze' }).click();
    await dialog.getByRole('button', { name: 'End the freeze' }).click();
    await operator.getByText('Not frozen').waitFor();
    await operator.getByText(/Verified: \d+ records/).waitFor();
    await operator.getByText('user:olaf', { exact: true }).first().waitFor();
    await Promise.all([operator.context().close(), viewer.context().close()]);
  });

  it('shows of a deployment that Temporal has forgotten what its release and the audit trail have kept', async () => {
    const forgetful = new ApiEngine();
    forgetful.deploy('old', 'test');
    const server = await forgetful.serve({ anyone: 'user:ana' });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/environments/old/test/deployments/1`);
    await page.getByText('Temporal no longer has this deployment.').waitFor();
    await page.getByText(/release 1 by ana/).waitFor();
    await page.getByText('user:ana: approved deployment 1 (looks good)').waitFor();
    await page.goto(`http://127.0.0.1:${server.port}/environments/old/test/deployments/99`);
    await page.getByText('There is no such deployment').waitFor();
    await page.close();
    await server.close();
  });

  it('says that the connection is lost, and goes on where it was', async () => {
    const page = await dashboard.open('user:vera', 'viewer');
    await page.goto(at(shop));
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    await dashboard.stop();
    await page.getByText('No connection to the server').waitFor();
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    await dashboard.start();
    await page.getByText('No connection to the server').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('excludes nobody with any page, and none is too wide: light and dark, in English and German', async () => {
    const last = (await engine.client.environment({ stack: shop.name, environment: 'test' }))!.numbers.deployment;
    const pages = [
      '/',
      `/environments/${shop.name}/test`,
      `/environments/${shop.name}/test/deployments/${last}`,
    ].concat(`/environments/${shop.name}/test/logs`);
    for (const [width, colorScheme, locale] of [
      [1440, 'light', 'en-GB'],
      [360, 'dark', 'de-DE'],
    ] as const) {
      const page = await dashboard.open('user:olaf', 'operator', {
        viewport: { width, height: 800 },
        colorScheme,
        locale,
      });
      for (const path of pages) {
        await page.goto(`${dashboard.url}${path}`);
        await page.locator('h1').waitFor();
        await page.locator('.loading').first().waitFor({ state: 'detached' });
        expect({ path, width, problems: await accessibilityProblems(page) }).toEqual({ path, width, problems: [] });
        expect({ path, width, isTooWide: await isTooWide(page) }).toEqual({ path, width, isTooWide: false });
      }
      expect(await page.evaluate('document.documentElement.lang')).toBe(locale.slice(0, 2));
      await page.context().close();
    }
  });
});

describeWith('chromium', 'the dashboard of what runs on Docker', () => {
  let engine: TestEngine;
  let browser: Browser;
  let dashboard: Dashboard;
  let stack: Stack;

  const web = (command?: string[]) =>
    dockerStack({
      cache: { image: 'redis:7', health_check: { command: ['redis-cli', 'ping'], interval: '500ms' } },
      web: {
        image: 'nginx:1.22',
        depends_on: { cache: 'healthy' },
        health_check: { http: ':80/', interval: '500ms', retries: 60 },
        ...(command && { command }),
      },
    });

  beforeAll(async () => {
    engine = await startEngine('dashboard-docker');
    browser = await startChromium();
    dashboard = new Dashboard(engine.client, browser);
    await dashboard.start();
    stack = web();
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.stop();
    if (stack) await wipe(stack.name);
    await engine?.close();
  });

  it('shows from two browsers how a deployment fails and rolls back, and what its container said', async () => {
    const pages = await Promise.all([
      dashboard.open('user:ana', 'operator'),
      dashboard.open('user:vera', 'viewer', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }),
    ]);
    await pages[0].goto(`${dashboard.url}/environments/${stack.name}/${stack.environment}`);
    await pages[0].getByRole('link', { name: 'web-1' }).waitFor();
    const broken = { ...web(['sh', '-c', 'sleep 2; echo the cart is broken; exit 3']), name: stack.name };
    const handle = await engine.client.deploy(broken);
    const id = handle.id.split('/').at(-1)!;
    for (const page of pages) {
      await page.goto(`${dashboard.url}/environments/${stack.name}/${stack.environment}/deployments/${id}`);
      await page.getByText('cache').first().waitFor();
    }
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    for (const page of pages) {
      await page.locator('.page-status', { hasText: 'Rolled back' }).waitFor();
      await page.getByRole('heading', { name: 'What failed: web' }).waitFor();
      await page.getByText('Exit code: 3').waitFor();
      await page.getByText('the cart is broken').first().waitFor();
      expect(await isTooWide(page)).toBe(false);
    }
    expect(dashboard.complaints).toEqual([]);
  });
});
