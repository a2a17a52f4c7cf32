// Runs after an installation, also where this package is a dependency. The Temporal SDK brings a native library for
// each of five platforms; those that this machine cannot load go. Without this script everything works, and is heavier.
const { existsSync, lstatSync, readFileSync, readdirSync, realpathSync, rmSync } = require('node:fs');
const { dirname, join } = require('node:path');

/** The folders that the SDK gives its libraries. A folder with any other name stays. */
const knownTargets = [
  'aarch64-apple-darwin',
  'aarch64-unknown-linux-gnu',
  'x86_64-apple-darwin',
  'x86_64-pc-windows-gnu',
  'x86_64-pc-windows-msvc',
  'x86_64-unknown-linux-gnu',
];

if (require.main === module) {
  const line = pruneOrSayWhyNot(join(__dirname, '..'), process.env);
  if (line !== undefined) console.log(`deploy-code: ${line}`);
}

/**
 * Removes the native libraries of other platforms from the SDK that the package in folder `root` loads. Returns one
 * line about it, or undefined where nothing was to be done. Never throws: no installation fails because of this.
 */
function pruneOrSayWhyNot(root, environment) {
  try {
    return prune(root, environment);
  } catch (error) {
    return `left the native libraries of other platforms where they are (${error.message})`;
  }
}

function prune(root, environment) {
  if (environment.DEPLOY_CODE_KEEP_PLATFORMS === '1') return undefined;
  const bridge = bridgeOf(root);
  if (bridge === undefined) return undefined;
  const releases = join(bridge, 'releases');
  const kept = targetsToKeep(bridge, environment);
  if (!isFolder(releases) || !existsSync(join(releases, kept[0], 'index.node'))) return undefined;
  const others = knownTargets.filter((name) => !kept.includes(name) && isFolder(join(releases, name)));
  if (others.length === 0) return undefined;
  const bytes = others.reduce((sum, name) => sum + sizeOf(join(releases, name)), 0);
  for (const name of others) rmSync(join(releases, name), { recursive: true });
  const size = `${Math.round(bytes / 1e6)} MB`;
  return `removed the Temporal SDK's native libraries of ${others.length} other platforms, ${size}`;
}

/** The SDK's native part as `require` finds it from this package, nowhere else. */
function bridgeOf(root) {
  const worker = packageFrom(realpathSync(root), '@temporalio/worker');
  return worker === undefined ? undefined : packageFrom(worker, '@temporalio/core-bridge');
}

/** The real folder of a package in the nearest `node_modules` above; global folders are not searched. */
function packageFrom(folder, name) {
  const found = join(folder, 'node_modules', name);
  if (existsSync(join(found, 'package.json'))) {
    return JSON.parse(readFileSync(join(found, 'package.json'), 'utf8')).name === name
      ? realpathSync(found)
      : undefined;
  }
  return dirname(folder) === folder ? undefined : packageFrom(dirname(folder), name);
}

/** First the library that the SDK itself would load here, then that of `npm install --os --cpu`. */
function targetsToKeep(bridge, { npm_config_os: os, npm_config_cpu: cpu }) {
  const { archAlias, getPrebuiltTargetName, platformMapping } = require(join(bridge, 'common.js'));
  const platform = platformMapping[os || process.platform];
  return [getPrebuiltTargetName(), `${archAlias[cpu || process.arch]}-${platform}`];
}

/** A folder of its own, no link to one. */
function isFolder(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function sizeOf(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + lstatSync(join(folder, name)).size, 0);
}

module.exports = { pruneOrSayWhyNot };
