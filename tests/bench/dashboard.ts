import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { ApiEngine } from '../support/api-engine';
import { startChromium } from '../support/chromium';
import { ms, type Figure } from './figure';

/** As smooth as 50 pictures a second. */
const frameMs = 20;
const environments = 1000;
const services = 1000;
const scrolledMs = 4000;
const watch = { release: 1, deployment: 1, ailing: [], drift: [], restarts: {}, repairs: {}, settings: {} };

/** The dashboard in Chromium, of an engine that answers at once: what the browser takes. */
export async function dashboard(): Promise<Figure[]> {
  const engine = new ApiEngine();
  for (let index = 0; index < environments; index += 1) engine.deploy(`stack-${index}`, 'production', { watch });
  addDeployment(engine);
  const server = await engine.serve({ anyone: 'user:ana', dashboardFolder: resolve('dist/dashboard') });
  const browser = await startChromium();
  const here = `http://127.0.0.1:${server.port}`;
  try {
    return [
      await firstPaint(browser, here),
      await scrolled(browser, `${here}/`, '.tile', `${environments} environments`),
      await scrolled(
        browser,
        `${here}/environments/stack-0/production/deployments/r1`,
        '.service',
        `${services} services`,
      ),
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}

async function firstPaint(browser: Browser, url: string): Promise<Figure> {
  const page = await open(browser, url, '.tile');
  const value = await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`);
  await page.context().close();
  return {
    name: 'dashboard: first paint',
    value: ms(value),
    unit: 'ms',
    bar: 1000,
    detail: 'with nothing in the cache',
  };
}

/** Scrolls for a few seconds, and measures the time between pictures. */
async function scrolled(browser: Browser, url: string, selector: string, what: string): Promise<Figure> {
  const page = await open(browser, url, selector);
  const frames = await page.evaluate<number[]>(measureFrames);
  await page.context().close();
  const mean = frames.reduce((sum, each) => sum + each, 0) / frames.length;
  return {
    name: `dashboard: ${what}, scrolled`,
    value: Math.round(mean * 10) / 10,
    unit: 'ms',
    bar: frameMs,
    detail: `a picture, mean of ${frames.length}; the longest took ${ms(Math.max(...frames))} ms`,
  };
}

async function open(browser: Browser, url: string, selector: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(selector).first().waitFor();
  return page;
}

/** Runs in the page: the times between its pictures while it is scrolled, in ms. */
const measureFrames = `new Promise((resolve) => {
  const frames = [];
  const begin = performance.now();
  let last = begin;
  const step = (now) => {
    if (now > last) frames.push(now - last);
    last = now;
    if (now - begin > ${scrolledMs}) return resolve(frames.slice(1));
    scrollBy(0, 40);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

function addDeployment(engine: ApiEngine): void {
  const names = Array.from({ length: services }, (_, index) => `service-${index}`);
  const steps = (name: string) =>
    ['start', 'check', 'route'].map((kind) => ({ id: `${name}/${kind}`, title: `${kind} ${name}` }));
  let sequence = 0;
  const event = (code: string, more: object) => ({
    sequence: (sequence += 1),
    code,
    at: 1000 * sequence,
    data: {},
    ...more,
  });
  const events = names.flatMap((service) =>
    steps(service).flatMap(({ id, title }) =>
      ['step.started', 'step.finished'].map((code) =>
        event(code, { step: { id, title, kind: 'start', service, phase: 1 }, data: { durationMs: 1 } }),
      ),
    ),
  );
  const plan = {
    phases: [
      {
        number: 1,
        kind: 'deploy',
        services: names.map((name) => ({
          name,
          action: 'create',
          replicas: 1,
          steps: steps(name),
          changes: [],
          notes: [],
        })),
      },
    ],
    estimateMs: 1,
  };
  engine.deployments.set('deployment/stack-0/production/r1', { status: 'deploying', events, plan });
}
