import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a program to its end; the output, or an error with what it said. */
function run(program: string, ...options: string[]): string {
  return execFileSync(program, options, { encoding: 'utf8', stdio: 'pipe' });
}

describe('the package as it is published, installed where nothing else is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-package-'));
  const installed = join(folder, 'lib', 'node_modules', 'deploy-code');
  const libraries = () => readdirSync(join(installed, 'node_modules/@temporalio/core-bridge/releases'));
  const megabytes = () => Number(/^\d+/.exec(run('du', '-sm', installed))![0]);
  const npm = (...options: string[]) => run('npm', ...options, '--global', '--prefix', folder, '--loglevel=error');
  const check = () => {
    expect(run(join(folder, 'bin', 'deploy-code'), '--version')).toMatch(/^\d+\.\d+\.\d+/);
    const load = `require('@temporalio/worker').Runtime.instance().shutdown().then(() => console.log('loaded'))`;
    const loaded = execFileSync(process.execPath, ['-e', load], { cwd: installed, encoding: 'utf8', stdio: 'pipe' });
    expect(loaded).toBe('loaded\n');
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('works without install scripts; its own script then removes the libraries of other platforms', () => {
    run('npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    npm('install', join(folder, archive), '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
    expect(libraries()).toHaveLength(5);
    check();
    const before = megabytes();
    npm('rebuild', 'deploy-code', '--allow-scripts=deploy-code');
    expect(libraries()).toHaveLength(1);
    check();
    expect(before - megabytes()).toBeGreaterThan(100);
    expect(megabytes()).toBeLessThan(300);
  }, 600_000);
});
