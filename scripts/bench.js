// `npm run bench [-- NAME...] [--json]`: one row a figure with its bar; exit 1 where one falls short.
const { build, installPackages, run } = require('./setup');

installPackages();
build();
run('npx', ['tsc', '-p', 'tsconfig.bench.json']);
run(process.execPath, ['.deploy-code/bench/tests/bench/main.js', ...process.argv.slice(2)]);
