import type { Browser } from 'playwright-core';
import { ApiEngine } from '../support/api-engine';
import { startChromium } from '../support/chromium';
import { describeWith } from '../support/parts';

describeWith('chromium', 'the page to try the API', () => {
  const engine = new ApiEngine();
  let server: { port: number; close(): Promise<void> };
  let browser: Browser;
  let token: string;

  beforeAll(async () => {
    token = engine.token([{ role: 'viewer', scope: 'shop' }]);
    engine.deploy('shop', 'production');
    server = await engine.serve();
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it('shows every route, and calls one with a token, without another host or a script in the page', async () => {
    const page = await browser.newPage();
    const hosts = new Set<string>();
    const troubles: string[] = [];
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== 'data:') hosts.add(host);
    });
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(`http://127.0.0.1:${server.port}/docs`);
    await page.waitForSelector('.opblock-tag');
    await page.click('button.authorize');
    await page.fill('.auth-container input', token);
    await page.click('.auth-btn-wrapper button[type=submit]');
    await page.click('.btn-done');
    await page.click('#operations-tag-access h3, h3#operations-tag-access');
    await page.click('.opblock-summary-path[data-path="/api/v1/whoami"]');
    await page.click('.try-out__btn');
    await page.click('button.execute');
    await page.waitForSelector('.live-responses-table .microlight');
    expect(await page.textContent('.live-responses-table')).toContain('"scope": "shop"');
    expect([...hosts]).toEqual([`127.0.0.1:${server.port}`]);
    expect(troubles).toEqual([]);
  });
});
