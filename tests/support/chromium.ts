import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';

const run = promisify(execFile);
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const application = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that Node has fetched (see openPage) counts as one of another network.
  '--disable-features=LocalNetworkAccessChecks',
];

/** Makes sure that a Chromium is there and runs; resolves with why there is none. */
export async function prepareChromium(): Promise<string | undefined> {
  if (await runs()) return undefined;
  const how = 'install Chromium, or run the tests with DEPLOY_CODE_TEST_SETUP=1 as root on Debian';
  if (process.env.DEPLOY_CODE_TEST_SETUP !== '1') return `there is no Chromium: ${how}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return `there is no Chromium, and it can only be installed as root on Debian: ${how}`;
  const failure = await install();
  if (failure) return `Chromium could not be installed: ${failure}`;
  return (await runs()) ? undefined : 'the installed Chromium does not run';
}

export async function startChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: findChromium(), args, timeout: 60_000 });
}

/**
 * A page whose requests Node makes: Chromium drops its own whenever Docker adds or removes a network.
 * Its screenshots have 1440 x 900 pixels.
 */
export async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1680, height: 1050 }, deviceScaleFactor: 6 / 7 });
  page.setDefaultTimeout(60_000);
  await page.route('**/*', (route) =>
    route
      .fetch()
      .then((response) => route.fulfill({ response }))
      .catch(() => route.abort().catch(() => undefined)),
  );
  return page;
}

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), application].find((file) =>
    existsSync(file),
  );
}

async function runs(): Promise<boolean> {
  const file = findChromium();
  return (
    file !== undefined &&
    run(file, ['--version']).then(
      () => true,
      () => false,
    )
  );
}

/**
 * Package lists of its own: apt never waits for the lock on the common ones, and Docker may be installed at the same
 * time. One child does it all, for that installation blocks this process.
 */
async function install(): Promise<string | undefined> {
  const lists = mkdtempSync(join(tmpdir(), 'apt-lists-'));
  const apt =
    `apt-get -qq -o DPkg::Lock::Timeout=300 -o Dir::State::Lists=${lists} -o ` +
    'Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root';
  const script =
    `${apt} update && ${apt} install -y --no-install-recommends ` +
    `chromium; status=$?; rm -rf ${lists}; exit $status`;
  return run('sh', ['-c', script], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
  }).then(
    () => undefined,
    (error: Error & { stderr?: string }) => error.stderr?.trim().split('\n').at(-1) ?? error.message,
  );
}
