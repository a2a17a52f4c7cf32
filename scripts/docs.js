// `npm run docs`: writes docs/configuration.md, docs/policy.md, docs/cli.md, docs/events.md, docs/api.md, the pictures
// of rollouts and the types of the dashboard from the built code. `--check` only says whether they are up to date.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const prettier = require('prettier');

const root = join(__dirname, '..');
if (!existsSync(join(root, 'dist'))) throw new Error('there is no dist: run `npm run build` first');

const { dashboardTypes } = require('./docs/dashboard-types');
const generated = {
  'docs/configuration.md': require('./docs/configuration').configurationPage(),
  'docs/policy.md': require('./docs/policy').policyPage(),
  'docs/api.md': require('./docs/api').apiPage(),
  'docs/cli.md': require('./docs/cli').cliPage(),
  'docs/events.md': require('./docs/events').eventsPage(),
  ...require('./docs/rollout-pictures').rolloutPictures(),
};

async function main() {
  const outOfDate = [];
  const typed = { ...generated, 'dashboard/src/api/types.ts': await dashboardTypes() };
  for (const [file, text] of Object.entries(typed)) {
    const page = await formatted(file, text);
    if (page !== read(file)) outOfDate.push({ file, page });
  }
  const names = outOfDate.map(({ file }) => file);
  if (process.argv.includes('--check')) {
    for (const name of names) console.error(`${name} is out of date: run \`npm run docs\``);
    process.exitCode = names.length > 0 ? 1 : 0;
  } else {
    for (const { file, page } of outOfDate) writeFileSync(join(root, file), page);
    console.log(names.length > 0 ? `wrote ${names.join(', ')}` : 'up to date');
  }
}

async function formatted(file, text) {
  const path = join(root, file);
  return /\.(md|ts)$/.test(file)
    ? prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path })
    : text;
}

function read(file) {
  return existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
}

void main();
