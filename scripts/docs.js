// `npm run docs`: writes docs/configuration.md, docs/policy.md, docs/cli.md and the pictures of rollouts from the built code. `--check` only says whether they are up to date.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
if (!existsSync(join(root, 'dist'))) throw new Error('there is no dist: run `npm run build` first');

const pages = {
  'docs/configuration.md': require('./docs/configuration').configurationPage(),
  'docs/policy.md': require('./docs/policy').policyPage(),
  'docs/cli.md': require('./docs/cli').cliPage(),
  ...require('./docs/rollout-pictures').rolloutPictures(),
};

const read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');
const outOfDate = Object.keys(pages).filter((file) => read(file) !== pages[file]);

if (process.argv.includes('--check')) {
  for (const file of outOfDate) console.error(`${file} is out of date: run \`npm run docs\``);
  process.exitCode = outOfDate.length > 0 ? 1 : 0;
} else {
  for (const file of outOfDate) writeFileSync(join(root, file), pages[file]);
  console.log(outOfDate.length > 0 ? `wrote ${outOfDate.join(', ')}` : 'up to date');
}
