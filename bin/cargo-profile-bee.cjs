#!/usr/bin/env node
process.once('SIGUSR1', () => process.kill(process.pid, 'SIGUSR1')); // unheard, it would open Node's inspector
require('../dist/cli.cjs').runCargoProfileBee(process.argv.slice(2));
