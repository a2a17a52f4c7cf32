import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { DirectClient } from '../../src/client';
import { emptyAccess } from '../../src/config/access';
import { createApiServer } from '../../src/api';
import { freePort } from '../../src/guard/free-port';
import { newSessionToken } from '../../src/guard/access/session-token';
import type { Role } from '../../src/model/access';

/** A server with the dashboard, and people who look at it. */
export class Dashboard {
  readonly failures: Error[] = [];
  /** What browsers complained of. */
  readonly complaints: string[] = [];
  /** Hosts that pages made requests to. */
  readonly hosts = new Set<string>();
  private app?: Awaited<ReturnType<typeof createApiServer>>;
  private port = 0;

  constructor(
    private readonly client: DirectClient,
    private readonly browser: Browser,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.port ||= await freePort();
    this.app = await createApiServer({
      client: this.client,
      host: { bound: '127.0.0.1', allowed: [] },
      people: { externalUrl: this.url, declared: () => emptyAccess },
      version: '0',
      perMinute: 100_000,
      onFailure: (error) => void this.failures.push(error),
    });
    await this.app.listen({ host: '127.0.0.1', port: this.port });
  }

  async stop(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  /** A page of somebody who has logged in, with a role on everything or in a scope. */
  async open(subject: string, role: Role | undefined, options: BrowserContextOptions = {}, scope = '*'): Promise<Page> {
    if (role) await this.client.access.grant({ subject, role, scope });
    const { text, ...secrets } = newSessionToken('browser');
    await this.client.access.sessions.open({ ...secrets, subject, groups: [], method: 'test', kind: 'browser' });
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    await context.addCookies([{ name: 'deploy-code', value: text, url: this.url, httpOnly: true, sameSite: 'Lax' }]);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('request', (request) => this.hosts.add(new URL(request.url()).host));
    page.on('console', (message) => {
      if (message.type() === 'error' && !isOfNetwork(message.text())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    return page;
  }
}

/** A server that is away on purpose; and Chromium drops connections whenever Docker adds or removes a network. */
function isOfNetwork(text: string): boolean {
  return /ERR_(CONNECTION|NETWORK|INTERNET|SOCKET)|WebSocket connection|503/.test(text);
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** What axe finds wrong with a page by WCAG 2.2 AA, as lines. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe: rules } = globalThis as unknown as { axe: { run(of: unknown, options: object): Promise<unknown> } };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await rules.run((globalThis as { document?: unknown }).document, {
      runOnly: { type: 'tag', values: tags },
    });
    return (found as { violations: unknown }).violations;
  });
  return (violations as Violation[]).map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`,
  );
}

/** True if a page is wider than its window. */
export async function isTooWide(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) as boolean;
}
