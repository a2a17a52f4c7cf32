// The slow set-ups of the tests, without running any: packages, build, the Temporal CLI.
const { join } = require('node:path');
const { build, installPackages, root } = require('./setup');

installPackages();
build();
const { findTemporalCli } = require('../dist/cli/dev/temporal-cli');
void findTemporalCli(join(root, '.deploy-code', 'cache'), console.log).then(console.log);
