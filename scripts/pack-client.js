// `npm run pack:client [FOLDER]`: writes the client as a package of its own, `deploy-code-client`, from the built code.
// Whoever only calls the engine installs no driver with it: no dockerode, no Kubernetes client, no pg.
const { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const { fileOf, packageOf } = require('./imports');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
const entry = 'client/index';

const { version, license, engines, dependencies } = require('../package.json');
const target = resolve(process.argv[2] ?? join(root, 'dist-client'));

if (!existsSync(dist)) throw new Error('there is no dist: run `npm run build` first');
const { files, packages } = reachableFrom([`${entry}.js`, `${entry}.d.ts`]);
rmSync(target, { recursive: true, force: true });
for (const file of files) {
  mkdirSync(dirname(join(target, file)), { recursive: true });
  cpSync(join(dist, file), join(target, file));
}
for (const [from, to] of [
  ['LICENSE', 'LICENSE'],
  ['docs/client.md', 'README.md'],
]) {
  cpSync(join(root, from), join(target, to));
}
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
console.log(`deploy-code-client ${version}: ${files.size} files, ${packages.size} packages, in ${target}`);

function manifest() {
  return {
    name: 'deploy-code-client',
    version,
    description: 'The typed client of deploy-code: deploys stacks and asks about them, by way of Temporal.',
    license,
    main: `${entry}.js`,
    types: `${entry}.d.ts`,
    engines,
    dependencies: Object.fromEntries(
      [...packages].sort((a, b) => (a < b ? -1 : 1)).map((name) => [name, dependencies[name]]),
    ),
  };
}

/** Built files that lead on from these, and the packages that they use. */
function reachableFrom(entries) {
  const files = new Set();
  const packages = new Set();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const from of importsOf(file)) {
      if (from.startsWith('.')) waiting.push(builtFileOf(file, from));
      else if (!from.startsWith('node:')) packages.add(packageOf(from));
    }
  }
  const unknown = [...packages].filter((name) => dependencies[name] === undefined);
  if (unknown.length > 0) throw new Error(`the client uses packages that package.json does not name: ${unknown}`);
  return { files, packages };
}

function importsOf(file) {
  const text = readFileSync(join(dist, file), 'utf8');
  const call = /\b(?:require|import)\(["']([^"']+)["']\)/g;
  const statement = /^(?:import|export)\b[^;]*?\bfrom ["']([^"']+)["'];/gm;
  const found = [...text.matchAll(call), ...(file.endsWith('.d.ts') ? text.matchAll(statement) : [])];
  return found.map(([, from]) => from);
}

/** The built file, or the declarations, that an import leads to. */
function builtFileOf(file, from) {
  const found = fileOf(dist, file, from, file.endsWith('.d.ts') ? '.d.ts' : '.js');
  if (found === undefined) throw new Error(`${file} imports ${from}, which is not built`);
  return found;
}
