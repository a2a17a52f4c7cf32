import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const drivers = ['dockerode', '@kubernetes/client-node', 'pg', '@temporalio/worker', 'prom-client', 'pino'];

describe('the package of the client alone', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-client-')), 'package');
  const environment = { ...process.env, NODE_PATH: resolve('node_modules') };
  const manifest = () =>
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  beforeAll(() => void execFileSync(process.execPath, ['scripts/pack-client.js', folder], { stdio: 'pipe' }));

  it('depends on no driver, with every version pinned', () => {
    const { dependencies } = manifest();
    expect(Object.keys(dependencies).filter((name) => drivers.includes(name))).toEqual([]);
    expect(dependencies).toMatchObject({ '@temporalio/client': expect.any(String), zod: expect.any(String) });
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('loads, reads a stack file, and loads nothing that it does not name', () => {
    const script = `
      const { DeployCodeClient, loadStack } = require(${JSON.stringify(folder)});
      const { stack } = loadStack({ file: 'configs/quickstart.yaml' });
      const packages = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
      console.log(JSON.stringify({ connect: typeof DeployCodeClient.connect, name: stack.name, packages }));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: environment });
    expect(stderr).toBe('');
    const { packages, ...rest } = JSON.parse(stdout) as { packages: string[] };
    expect(rest).toEqual({ connect: 'function', name: 'quickstart' });
    expect(packages.filter((name) => drivers.includes(name))).toEqual([]);
  });

  it('has types that a strict program checks', () => {
    const program = join(folder, 'program.ts');
    const text = `
      import { DeployCodeClient, loadStack, type DeploymentResult } from './client/index.js';
      export async function deploy(): Promise<DeploymentResult> {
        const client = await DeployCodeClient.connect();
        return (await client.deploy(loadStack({ file: 'deploy-code.yaml' }).stack)).result();
      }
      // @ts-expect-error a stack is no text
      export const wrong = (client: DeployCodeClient) => client.deploy('shop');`;
    writeFileSync(program, text);
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', 'node'];
    const { stdout, status } = spawnSync(resolve('node_modules/.bin/tsc'), [...flags, program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });
});
