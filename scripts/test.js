// `npm test`: all set-up, then lint, types, unit tests and the suites on real parts. `--full` adds the exhaustive ones.
const { spawnSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { build, installPackages, root } = require('./setup');

const full = process.argv.includes('--full');
/** Suites that were skipped, one a line, with the reason. */
const skipped = join(mkdtempSync(join(tmpdir(), 'deploy-code-skipped-')), 'suites');
writeFileSync(skipped, '');
// The SDK's native runtime has no end of its own in a test process: hence --forceExit.
const jest = ['node_modules/jest/bin/jest.js', '--selectProjects'];

const parts = [
  ['packages', () => installPackages()],
  ['build', () => build()],
  ['lint', () => command('npm', ['run', '--silent', 'lint'])],
  ['types', () => command('npm', ['run', '--silent', 'types'])],
  ['unit tests', () => command(process.execPath, [...jest, 'unit', '--maxWorkers=2'])],
  // More than the two cores that are usual in CI: suites on real parts wait for much of their time.
  ['real parts', () => command(process.execPath, [...jest, 'real', '--maxWorkers=3', '--forceExit'])],
  ...(full ? [['exhaustive', () => command(process.execPath, [...jest, 'full', '--forceExit'])]] : []),
];

function command(program, args) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, DEPLOY_CODE_TEST_FULL: full ? '1' : '', DEPLOY_CODE_TEST_SKIPPED: skipped },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
}

const took = [];
for (const [name, work] of parts) {
  const begin = Date.now();
  try {
    work();
  } catch (error) {
    console.error(`\n${name} FAILED: ${error.message}`);
    process.exitCode = 1;
  }
  took.push(`  ${name.padEnd(12)} ${((Date.now() - begin) / 1000).toFixed(1).padStart(6)} s`);
  if (process.exitCode) break;
}
console.log(`\n${took.join('\n')}`);
const suites = [...new Set(readFileSync(skipped, 'utf8').split('\n').filter(Boolean))];
rmSync(dirname(skipped), { recursive: true });
if (suites.length > 0) console.log(['', 'skipped:', ...suites.map((line) => `  ${line}`)].join('\n'));
