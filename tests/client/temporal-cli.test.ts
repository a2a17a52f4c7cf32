import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporalCli } from '../../src/cli/dev/temporal-cli';

describe('the Temporal CLI', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'deploy-code-cli-'));
  const content = `#!/bin/sh\n# ${'x'.repeat(2_000_000)}\n`;
  const archive = (() => {
    const made = folder();
    writeFileSync(join(made, 'temporal'), content);
    execFileSync('tar', ['-cf', join(made, 'a.tar'), '-C', made, 'temporal']);
    execFileSync('gzip', ['-1', '-k', join(made, 'a.tar')]);
    return readFileSync(join(made, 'a.tar.gz'));
  })();
  let asked: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(status, { 'content-length': status === 200 ? archive.length : 0 });
    if (status === 200) response.write(archive.subarray(0, archive.length / 2));
    setImmediate(() => response.end(status === 200 ? archive.subarray(archive.length / 2) : undefined));
  });
  let archives: string;
  const { PATH } = process.env;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    archives = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const bin = folder();
    for (const name of ['tar', 'gzip'])
      writeFileSync(join(bin, name), `#!/bin/sh\nPATH='${PATH}' exec ${name} "$@"\n`, { mode: 0o755 });
    process.env.PATH = bin;
  });
  afterAll(() => {
    process.env.PATH = PATH;
    server.close();
  });
  beforeEach(() => {
    asked = [];
    status = 200;
  });

  it('is downloaded once for the machine, with progress', async () => {
    const cache = join(folder(), 'cache');
    const said: string[] = [];
    const find = () => findTemporalCli(folder(), (text) => said.push(text), undefined, { cache, archives });
    const found = await find();
    expect(found).toMatch(/cache\/temporal-[\d.]+$/);
    expect(readFileSync(found, 'utf8')).toBe(content);
    expect(statSync(found).mode & 0o777).toBe(0o755);
    expect(said[0]).toMatch(/^downloading the Temporal CLI .* once for this machine$/);
    expect(said.at(-1)).toMatch(/^ {2}100 % of \d+ MB$/);
    expect(await find()).toBe(found);
    expect(asked).toEqual([expect.stringMatching(/^\/v1\?platform=\w+&arch=(amd64|arm64)$/)]);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('is taken from PATH or the cache of the folder first', async () => {
    const cache = folder();
    const own = folder();
    writeFileSync(join(own, 'temporal'), '');
    const find = () => findTemporalCli(own, () => undefined, undefined, { cache, archives });
    expect(await find()).toBe(join(own, 'temporal'));
    const bin = join(folder(), 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'temporal'), '');
    chmodSync(join(bin, 'temporal'), 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${before}:${bin}`;
    expect(await find()).toBe(join(bin, 'temporal'));
    process.env.PATH = before;
    expect(asked).toEqual([]);
  });

  it('leaves nothing behind, and says how to get it, where the download fails', async () => {
    status = 404;
    const cache = folder();
    await expect(findTemporalCli(folder(), () => undefined, undefined, { cache, archives })).rejects.toMatchObject({
      message: 'the Temporal CLI is not installed, and could not be downloaded',
      advice: expect.stringContaining('https://docs.temporal.io/cli'),
    });
    expect(readdirSync(cache)).toEqual([]);
  });
});
