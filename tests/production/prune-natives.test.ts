import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const { pruneOrSayWhyNot } = require(resolve('scripts/prune-natives.js')) as {
  pruneOrSayWhyNot: (root: string, environment: Record<string, string>) => string | undefined;
};
const sdk = dirname(require.resolve('@temporalio/core-bridge/package.json'));
const { getPrebuiltTargetName } = require(join(sdk, 'common.js')) as { getPrebuiltTargetName: () => string };
const own = getPrebuiltTargetName();
const all = ['aarch64-apple-darwin', 'aarch64-unknown-linux-gnu', 'x86_64-apple-darwin'].concat(
  'x86_64-pc-windows-msvc',
  'x86_64-unknown-linux-gnu',
);

function installPackage(folder: string, name: string): string {
  const path = join(folder, 'node_modules', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  return path;
}

function installBridge(folder: string, targets = all): string {
  const path = installPackage(folder, '@temporalio/core-bridge');
  cpSync(join(sdk, 'common.js'), join(path, 'common.js'));
  for (const target of targets) {
    mkdirSync(join(path, 'releases', target), { recursive: true });
    writeFileSync(join(path, 'releases', target, 'index.node'), 'x'.repeat(1e6));
  }
  return join(path, 'releases');
}

/** A project that depends on this package, as npm lays it out. */
function project(targets = all): { root: string; folder: string; releases: string } {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-prune-'));
  installPackage(folder, '@temporalio/worker');
  return { folder, root: installPackage(folder, 'deploy-code'), releases: installBridge(folder, targets) };
}

describe('the native libraries of other platforms', () => {
  it('go, with one line about it; that of this machine stays', () => {
    const { root, releases } = project();
    const line = pruneOrSayWhyNot(root, {});
    expect(line).toBe("removed the Temporal SDK's native libraries of 4 other platforms, 4 MB");
    expect(readdirSync(releases)).toEqual([own]);
    expect(existsSync(join(releases, own, 'index.node'))).toBe(true);
    expect(pruneOrSayWhyNot(root, {})).toBeUndefined();
  });

  it('stay on request, and where the installation is for another platform its library does too', () => {
    const { root, releases } = project();
    expect(pruneOrSayWhyNot(root, { DEPLOY_CODE_KEEP_PLATFORMS: '1' })).toBeUndefined();
    expect(readdirSync(releases)).toEqual(all);
    pruneOrSayWhyNot(root, { npm_config_os: 'darwin', npm_config_cpu: 'arm64' });
    expect(new Set(readdirSync(releases))).toEqual(new Set(['aarch64-apple-darwin', own]));
  });

  it('stay where the library of this machine is not among them, and folders with unknown names always', () => {
    const foreign = project(all.filter((target) => target !== own));
    expect(pruneOrSayWhyNot(foreign.root, {})).toBeUndefined();
    expect(readdirSync(foreign.releases)).toHaveLength(4);
    const more = project([...all, 'riscv64-unknown-linux-gnu']);
    pruneOrSayWhyNot(more.root, {});
    expect(readdirSync(more.releases)).toEqual(['riscv64-unknown-linux-gnu', own].sort());
  });

  it('stay in packages that this one does not load', () => {
    const { folder, root, releases } = project();
    const nearer = installBridge(join(folder, 'node_modules', '@temporalio', 'worker'));
    const others = installBridge(installPackage(folder, 'other'));
    pruneOrSayWhyNot(root, {});
    expect([nearer, releases, others].map((each) => readdirSync(each).length)).toEqual([1, 5, 5]);
  });

  it('stay where a link leads elsewhere', () => {
    const { root, releases } = project([own]);
    const elsewhere = mkdtempSync(join(tmpdir(), 'deploy-code-elsewhere-'));
    writeFileSync(join(elsewhere, 'index.node'), 'of somebody else');
    const other = all.find((target) => target !== own)!;
    symlinkSync(elsewhere, join(releases, other));
    expect(pruneOrSayWhyNot(root, {})).toBeUndefined();
    expect(readdirSync(elsewhere)).toEqual(['index.node']);
  });

  it('are left, with a reason, where the SDK is not as expected; the installation does not fail', () => {
    const { folder, root, releases } = project();
    writeFileSync(join(releases, '..', 'common.js'), 'throw new Error("another layout")');
    const line = 'left the native libraries of other platforms where they are (another layout)';
    expect(pruneOrSayWhyNot(root, {})).toBe(line);
    expect(readdirSync(releases)).toHaveLength(5);
    mkdirSync(join(root, 'scripts'));
    cpSync('scripts/prune-natives.js', join(root, 'scripts', 'prune-natives.js'));
    const run = () => spawnSync(process.execPath, [join(root, 'scripts', 'prune-natives.js')], { encoding: 'utf8' });
    expect(run()).toMatchObject({ status: 0, stdout: `deploy-code: ${line}\n`, stderr: '' });
    cpSync(join(sdk, 'common.js'), join(folder, 'node_modules/@temporalio/core-bridge/common.js'));
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(releases)).toEqual([own]);
  });
});
