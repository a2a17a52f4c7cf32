// `npm run release -- 0.2.0`: gives what is under "Unreleased" in CHANGELOG.md that version and today's date, sets it
// in package.json, records the histories that later versions have to replay, and commits and tags all of it. Pushes
// nothing.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { run, root } = require('./setup');

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+$/.test(version)) fail('name the version, such as `npm run release -- 0.2.0`');
const { version: before } = require('../package.json');
if (!isNewer(version, before)) fail(`${version} is not newer than ${before}`);

const changelog = join(root, 'CHANGELOG.md');
const text = readFileSync(changelog, 'utf8');
const heading = '## [Unreleased]\n';
const [, rest] = text.split(heading);
if (!rest || /^\s*## /.test(rest)) fail('CHANGELOG.md has nothing under "Unreleased"');

run('git', ['diff', '--exit-code', '--quiet', 'HEAD']);
writeFileSync(
  changelog,
  text.replace(heading, `${heading}\n## [${version}] - ${new Date().toISOString().slice(0, 10)}\n`),
);
run('npm', ['version', version, '--no-git-tag-version']);
run('npm', ['run', '--silent', 'build']);
run('npx', ['jest', '--selectProjects', 'real', '--forceExit', '--testPathPatterns', 'replay'], {
  env: { ...process.env, DEPLOY_CODE_RECORD: '1' },
});
run('npm', ['test']);
run('git', ['add', '-A']);
run('git', ['commit', '-m', `release: ${version}`]);
run('git', ['tag', '-a', `v${version}`, '-m', `deploy-code ${version}`]);
console.log(`${version} is committed and tagged here; push both to publish it.`);

function isNewer(one, other) {
  const [a, b] = [one, other].map((each) => each.split('.').map(Number));
  const place = a.findIndex((number, index) => number !== b[index]);
  return place >= 0 && a[place] > b[place];
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
