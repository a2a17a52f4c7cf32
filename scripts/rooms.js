// Part of `npm run lint`: which room of `src` may import which, which packages each may use, that nothing goes in
// circles (types included), that folders stay small, and that the dashboard knows nothing of `src`. Another tree can be
// named.
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { dirname, join, normalize, relative } = require('node:path');
const { parseSync } = require('oxc-parser');
const { fileOf, packageOf } = require('./imports');

const root = process.argv[2] ?? join(__dirname, '..');
/** A folder with more files has chapters. */
const mostFiles = 16;

/**
 * `uses`: rooms whose values and types a room imports; `types`: rooms of which it imports types only. The same for
 * packages. A longer path comes before the room that it is in.
 */
const rooms = {
  model: {},
  guard: { packages: ['node', 'ipaddr.js', 'otpauth'] },
  config: { uses: ['model'], packages: ['node', 'zod', 'yaml', 'ipaddr.js', 'fastest-levenshtein'] },
  balancer: { uses: ['model'] },
  kubernetes: { uses: ['model'], typePackages: ['@kubernetes/client-node'] },
  plan: { uses: ['balancer', 'kubernetes', 'model'], packages: ['@noble/hashes'] },
  payloads: { uses: ['guard'], packages: ['node', '@temporalio/common', '@temporalio/proto'] },
  'workflows/messages': {
    uses: ['model'],
    types: ['plan', 'activities/contract'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  workflows: {
    uses: ['workflows/messages', 'activities/contract', 'plan', 'model', 'payloads/refused'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  runtimes: {
    uses: ['guard', 'kubernetes', 'model'],
    packages: ['node', 'dockerode', '@kubernetes/client-node', 'tar-stream', 'ipaddr.js', 'zod'],
  },
  policy: { uses: ['config', 'plan', 'kubernetes', 'runtimes', 'guard', 'model'], packages: ['node', 'zod'] },
  'activities/contract': { types: ['activities', 'plan', 'model', 'runtimes'] },
  activities: {
    uses: ['activities/contract', 'policy', 'plan', 'balancer', 'runtimes', 'guard', 'model'],
    packages: [
      'node',
      '@temporalio/activity',
      '@temporalio/common',
      'pg',
      'zod',
      'acme-client',
      '@peculiar/x509',
    ].concat('nodemailer'),
  },
  temporal: {
    uses: ['workflows/messages', 'payloads', 'guard', 'model'],
    packages: ['node', '@temporalio/client', '@temporalio/common', '@temporalio/envconfig'],
  },
  client: {
    uses: ['temporal', 'workflows/messages', 'config', 'guard', 'model'],
    types: ['workflows', 'plan'],
    packages: ['node', '@temporalio/client', '@temporalio/common'],
  },
  api: {
    uses: ['client', 'temporal', 'workflows/messages', 'guard', 'model'],
    types: ['config'],
    packages: ['node', 'fastify', '@fastify/helmet', '@fastify/rate-limit', '@fastify/swagger', 'prom-client'].concat(
      'fastify-type-provider-zod',
      '@node-saml/node-saml',
      '@simplewebauthn/server',
      '@xmldom/xmldom',
      'jose',
      'openid-client',
      'zod',
      '@fastify/websocket',
      'graphql',
      'graphql-yoga',
    ),
    typePackages: ['ws'],
  },
  telemetry: {
    uses: ['guard'],
    types: ['model', 'activities'],
    packages: ['node', 'pino', 'prom-client', '@temporalio/worker'],
  },
  worker: {
    uses: ['telemetry', 'client', 'temporal', 'activities', 'policy', 'runtimes', 'payloads', 'guard', 'model'].concat(
      'workflows/messages',
      'workflows',
    ),
    packages: ['node', 'pino', 'prom-client', '@temporalio/worker', '@temporalio/client', '@temporalio/common'],
  },
  cli: {
    uses: ['api', 'worker', 'client', 'temporal', 'config', 'plan', 'policy', 'payloads', 'guard', 'model'].concat(
      'telemetry',
      'cli/output/terminal',
      'workflows/messages',
    ),
    types: ['workflows'],
    packages: ['node', 'commander', 'zod', 'yaml', 'pino', 'log-update', 'string-width'].concat(
      '@temporalio/client',
      '@balena/dockerignore',
      'openid-client',
    ),
  },
  'cli/output/terminal': { uses: ['model'], packages: ['node', 'picocolors', 'string-width'] },
};
/** The dashboard is browser code of its own: it has the types of the API's schema, and these packages. */
const dashboard = { folder: 'dashboard/src', packages: ['preact', '@preact/signals', 'virtua'] };
const byLength = Object.keys(rooms).sort((a, b) => b.length - a.length);

const problems = [];
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

for (const [file, found] of imports) for (const each of found) check(file, each);
for (const circle of circles()) problems.push(`a circle: ${circle.join(' -> ')}`);
for (const [folder, count] of folderSizes(files)) {
  if (count > mostFiles) problems.push(`src/${folder} holds ${count} files; more than ${mostFiles} want chapters`);
}
if (existsSync(join(root, dashboard.folder))) checkDashboard(join(root, dashboard.folder));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function checkDashboard(folder) {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  for (const file of found) {
    for (const { moduleRequest } of parseSync(file, readFileSync(join(folder, file), 'utf8')).module.staticImports) {
      const from = moduleRequest.value;
      const isOwn = from.startsWith('.') && !normalize(join(dirname(file), from)).startsWith('..');
      if (!isOwn && !dashboard.packages.includes(packageOf(from)))
        problems.push(`${dashboard.folder}/${file}: the dashboard does not import ${from}`);
    }
  }
  for (const [each, count] of folderSizes(found))
    if (count > mostFiles) problems.push(`${dashboard.folder}/${each} holds ${count} files`);
}

/** Everything that a file imports, also what it exports again and what it loads while it runs. */
function importsOf(file) {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  const { module } = parseSync(file, text);
  const statics = module.staticImports.map(({ moduleRequest, entries }) => ({
    from: moduleRequest.value,
    isType: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const passedOn = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.moduleRequest ? [{ from: entry.moduleRequest.value, isType: entry.isType }] : [],
    ),
  );
  const late = [...text.matchAll(/(typeof )?import\(\s*'([^']+)'/g)].map(([, isType, from]) => ({
    from,
    isType: isType !== undefined,
  }));
  return [...statics, ...passedOn, ...late].map((each) => ({ ...each, target: resolve(file, each.from) }));
}

/** The file that an import leads to; undefined for a package. */
function resolve(file, from) {
  if (!from.startsWith('.')) return undefined;
  const target = fileOf(join(root, 'src'), file, from, '.ts');
  if (!target) problems.push(`src/${file}: imports ${from}, which is not there`);
  return target ?? file;
}

function check(file, { from, target, isType }) {
  const own = roomOf(file);
  const { uses = [], types = [], packages = [], typePackages = [] } = rooms[own];
  if (target === undefined) {
    const name = from.startsWith('node:') ? 'node' : packageOf(from);
    if (!packages.includes(name) && !(isType && typePackages.includes(name)))
      problems.push(`src/${file}: ${own} does not use the package ${name}${isType ? '' : ' (a value of it)'}`);
    return;
  }
  const other = roomOf(target);
  const path = target.replace(/(?:\/index)?\.ts$/, '');
  const isAllowed = (name) => name === other || path === name || path.startsWith(`${name}/`);
  if (other === own || uses.some(isAllowed) || (isType && types.some(isAllowed))) return;
  problems.push(`src/${file}: ${own} imports ${isType ? 'types' : 'values'} of ${other} (${from})`);
}

function roomOf(file) {
  const path = file.replace(/\.ts$/, '');
  const room = byLength.find((name) => path === name || path.startsWith(`${name}/`));
  if (!room) problems.push(`src/${file} is in no room`);
  return room ?? 'model';
}

/** Groups of files that lead back to themselves, by Tarjan's algorithm. */
function circles() {
  const found = [];
  const order = new Map();
  const lowest = new Map();
  const stack = [];
  const visit = (file) => {
    order.set(file, order.size);
    lowest.set(file, order.get(file));
    stack.push(file);
    for (const { target } of imports.get(file)) {
      if (target === undefined || target === file) continue;
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file), lowest.get(target)));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.map((each) => relative('.', each)));
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found;
}

function folderSizes(of) {
  const sizes = new Map();
  for (const file of of) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
  return sizes;
}
