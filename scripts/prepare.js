// The slow set-ups of the tests, without running any: packages, build, the Temporal CLI.
const { existsSync, mkdirSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');
const { build, installPackages, root } = require('./setup');

installPackages();
build();
const { findTemporalCli } = require('../dist/cli/dev/temporal-cli');
const cache = join(root, '.deploy-code', 'cache');
void findTemporalCli(cache, console.log).then((cli) => {
  const linked = join(cache, 'temporal');
  mkdirSync(cache, { recursive: true });
  if (!existsSync(linked)) symlinkSync(cli, linked);
  console.log(cli);
});
