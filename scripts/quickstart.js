// `npm run quickstart`: from a fresh clone to a deployed stack. `npm run quickstart -- down` takes it down.
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const { build, installPackages, isBuilt, root, run } = require('./setup');

const deployCode = (...args) => run(process.execPath, [join(root, 'bin', 'deploy-code'), ...args]);
const stack = ['-c', 'configs/quickstart.yaml'];

if (process.argv[2] === 'down') {
  if (!isBuilt()) {
    console.log('nothing to take down: the project is not built here, so nothing was started with it');
    process.exit();
  }
  const running = spawnSync(process.execPath, [join(root, 'bin', 'deploy-code'), 'status', '--json', ...stack], {
    cwd: root,
    encoding: 'utf8',
  });
  if (running.status === 0) deployCode('stop', ...stack);
  deployCode('dev', '--stop');
} else {
  installPackages();
  build();
  deployCode('dev', '--detach');
  deployCode('deploy', ...stack);
  console.log(`
  the shop      http://localhost:18080
  dashboard     http://localhost:8234
  Temporal UI   http://localhost:8233

Try next:
  bin/deploy-code status ${stack.join(' ')}
  bin/deploy-code deploy ${stack.join(' ')} --set ORDERS=broken    # a broken version: watch it being rolled back
  npm run quickstart -- down                                         # takes everything down again`);
}
