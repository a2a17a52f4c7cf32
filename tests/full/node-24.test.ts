import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** The Node of the image; the registry has its binary as a package. */
const version = '24';

describe(`on Node ${version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-node-'));
  const node = join(folder, 'node_modules', 'node', 'bin', 'node');
  const environment = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  beforeAll(() => {
    execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `node@${version}`], {
      stdio: 'pipe',
    });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('the unit tests pass', () => {
    const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'unit', '--maxWorkers=2'];
    const { status, stderr } = spawnSync(node, jest, { encoding: 'utf8', env: environment });
    expect({ status, failed: stderr.match(/^FAIL .*$/gm) ?? [] }).toEqual({ status: 0, failed: [] });
    expect(stderr).toMatch(/Tests: .*\d+ passed/);
  }, 1_200_000);

  it('a stack of processes is deployed and stopped by the development engine', () => {
    const place = join(folder, 'place');
    const cache = join(folder, 'bin');
    mkdirSync(place);
    mkdirSync(cache);
    symlinkSync(process.env.DEPLOY_CODE_TEST_TEMPORAL_CLI!, join(cache, 'temporal'));
    const run = (...args: string[]) =>
      spawnSync(node, [resolve('bin/deploy-code'), ...args], {
        cwd: place,
        encoding: 'utf8',
        env: { ...environment, PATH: `${cache}${delimiter}${environment.PATH}` },
      });
    const stack = ['-c', resolve('configs/quickstart.yaml')];
    try {
      expect(run('dev', '--detach', '--port', '28633', '--ui-port', '28634')).toMatchObject({ status: 0 });
      expect(run('deploy', ...stack).stdout).toMatch(/DONE in .*Running: release 1/);
      expect(run('stop', ...stack).stdout).toContain('STOPPED');
    } finally {
      run('dev', '--stop');
    }
  }, 300_000);
});
