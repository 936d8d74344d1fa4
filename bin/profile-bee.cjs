#!/usr/bin/env node
require('../dist/cli.cjs').runProfileBee(process.argv.slice(2));
