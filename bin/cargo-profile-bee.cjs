#!/usr/bin/env node
require('../dist/cli.cjs').runCargoProfileBee(process.argv.slice(2));
