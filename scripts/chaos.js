// `npm run chaos -- --faults N --seed S`: random faults on real Temporal and real Docker; exit 1 where something was lost.
const { build, installPackages, run } = require('./setup');

installPackages();
build();
run('npx', ['tsc', '-p', 'tsconfig.chaos.json']);
run(process.execPath, ['.deploy-code/chaos/tests/chaos/main.js', ...process.argv.slice(2)]);
