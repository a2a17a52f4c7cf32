// What a fresh clone lacks: the Node packages and the build. Uses Node's own modules only.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

/** Runs a command in the project; ends this process where it fails. */
function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function installPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  console.log('installing the Node packages with npm; this takes a few minutes the first time');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** True if the commands can run, perhaps those of an earlier version. */
function isBuilt() {
  return existsSync(join(root, 'node_modules')) && existsSync(join(root, 'dist', 'workflow-bundle.js'));
}

function newest(folder) {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  );
}

/** True if a file was made after everything in a folder. */
function isNewer(file, folder) {
  return existsSync(file) && statSync(file).mtimeMs > newest(join(root, folder));
}

function build() {
  const bundle = join(root, 'dist', 'workflow-bundle.js');
  const page = join(root, 'dist', 'dashboard', 'index.html');
  if (isNewer(bundle, 'src') && isNewer(page, 'dashboard')) return;
  console.log('building');
  run('npm', ['run', '--silent', 'build']);
}

/** Runs a program of the tests' own, `tests/<name>/main.ts`, with the arguments of this process. */
function runProgram(name) {
  installPackages();
  build();
  rmSync(join(root, '.deploy-code', 'programs'), { recursive: true, force: true });
  run('npx', ['tsc', '-p', 'tsconfig.programs.json']);
  run(process.execPath, [`.deploy-code/programs/tests/${name}/main.js`, ...process.argv.slice(2)]);
}

module.exports = { root, run, runProgram, installPackages, isBuilt, build };
