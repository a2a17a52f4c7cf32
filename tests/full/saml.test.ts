import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FastifyInstance } from 'fastify';
import type { Browser } from 'playwright-core';
import { createApiServer } from '../../src/api';
import { emptyAccess, type AccessConfig } from '../../src/config/access';
import { freePort } from '../../src/guard/free-port';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startChromium } from '../support/chromium';
import { startEngine, type TestEngine } from '../support/engine';
import { describeUnless, missingPart } from '../support/parts';
import { newSigningKey, type SigningKey } from '../support/saml-provider';

/** From DEPLOY_CODE_TEST_PYSAML2, or of PATH. */
const python = process.env.DEPLOY_CODE_TEST_PYSAML2 ?? 'python3';
const runs = (file: string, ...words: string[]) => spawnSync(file, words).status === 0;
const missing = !runs(python, '-c', 'import saml2')
  ? 'there is no pysaml2: `pip install pysaml2` in a venv, and set DEPLOY_CODE_TEST_PYSAML2 to its python'
  : !runs('xmlsec1', '--version')
    ? 'there is no xmlsec1: install the package of this name'
    : missingPart('chromium');

describeUnless(missing, 'an identity provider with SAML, in a browser', () => {
  let engine: TestEngine;
  let server: FastifyInstance;
  let browser: Browser;
  let here: string;
  let provider: ChildProcess;
  const failures: string[] = [];
  const declared: AccessConfig['providers'] = {};

  beforeAll(async () => {
    engine = await startEngine('saml', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    const [port, providerPort] = [await freePort(), await freePort()];
    here = `http://localhost:${port}`;
    const signing = newSigningKey();
    declared.company = {
      type: 'saml',
      title: 'Acme',
      entity_id: `http://localhost:${providerPort}/metadata`,
      sso_url: `http://localhost:${providerPort}/sso`,
      certificate_file: 'idp.pem',
      certificates: [signing.certificate],
      groups_attribute: 'urn:mace:dir:attribute-def:eduPersonAffiliation',
    };
    server = await createApiServer({
      client: engine.client,
      host: { bound: '127.0.0.1', allowed: ['localhost'] },
      people: { externalUrl: here, declared: () => ({ ...emptyAccess, providers: declared }) },
      version: '0',
      onFailure: (error) => failures.push(error.message),
    });
    await server.listen({ host: '127.0.0.1', port });
    provider = await startProvider(providerPort, `${here}/auth/metadata/company`, signing);
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    provider?.kill();
    await server?.close();
    await engine?.close();
  });

  it('logs somebody in with the groups that it says, and nobody whom another one vouches for', async () => {
    const page = await browser.newPage();
    await page.goto(`${here}/device`);
    await page.click('text=Log in with Acme');
    await page.fill('#person', 'ana@acme.example');
    await page.click('button:text-is("Log in")');
    await page.waitForURL(`${here}/device`);
    await page.goto(`${here}/login`);
    expect(await page.textContent('main')).toMatch(/user:ana@acme\.example.*groups.*ops.*by.*saml company/s);
    expect(failures).toEqual([]);
    declared.company = { ...declared.company!, certificates: [newSigningKey().certificate] } as never;
    await page.click('text=Log out');
    await page.click('text=Log in with Acme');
    await page.fill('#person', 'ana@acme.example');
    await page.click('button:text-is("Log in")');
    await page.waitForSelector('text=did not confirm who you are');
    expect(failures).toEqual([expect.stringContaining('Invalid signature')]);
  });
});

async function startProvider(port: number, metadata: string, { key, certificate }: SigningKey): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'saml-provider-'));
  const files = { 'service.xml': await (await fetch(metadata)).text(), 'key.pem': key, 'cert.pem': certificate };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const [xmlsec] = (process.env.PATH ?? '').split(delimiter).filter((path) => runs(join(path, 'xmlsec1'), '--version'));
  const words = [...Object.keys(files).map((name) => join(folder, name)), join(xmlsec!, 'xmlsec1')];
  const program = join(__dirname, '..', 'support', 'saml-provider.py');
  const child = spawn(python, [program, String(port), ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the identity provider ended with ${code}`))),
  ]);
  return child;
}
