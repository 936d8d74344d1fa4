import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { repositoryRoot } from '../kernel/running/repository.js';
import { agreeing, agreementWithLlvm } from '../symbolize/agreement/agreement.js';
import { agreementLine, assertAgreement, LEAST_AGREEMENT } from '../symbolize/agreement/assert-agreement.js';
import { allPrograms, type Program } from '../symbolize/agreement/programs.js';
import { randomCodeAddresses } from '../symbolize/agreement/random-addresses.js';
import { packagedPrograms, splitPrograms } from '../symbolize/agreement/split-programs.js';
import { builtRipgrep } from './built-ripgrep.js';

const LEAST_PROGRAMS = 20;
const LEAST_ADDRESSES = 50_000;
const ADDRESSES = 3_000;

let programs: Program[];
before(() => {
  programs = [...allPrograms(), ...splitPrograms(), ...packagedPrograms(), ...ripgreps(), ...installed()];
});

/** As profiles build it: debug = 1; with all of it; and with only lines. */
function ripgreps(): Program[] {
  return ['1', '2', '"line-tables-only"'].map((level) => ({
    name: `ripgrep, debug = ${level}`,
    path: builtRipgrep(level),
  }));
}

/** Whatever of these is here: with debug information in it, elsewhere, or none; C, C++, Rust and Go. */
function installed(): Program[] {
  const libraries = [
    'libc.so.6',
    'libm.so.6',
    'libstdc++.so.6',
    'libgcc_s.so.1',
    'libcrypto.so.3',
    'libLLVM-19.so.1',
  ];
  const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
  const paths = [
    process.execPath,
    ...libraries.map((name) => join('/usr/lib/x86_64-linux-gnu', name)),
    ...['cargo', 'rustc', 'clippy-driver', 'rustfmt'].map((name) => join(sysroot, 'bin', name)),
    ...['/bin/bash', '/usr/bin/git', '/usr/bin/perf', '/usr/local/go/bin/go', '/usr/bin/gdb'],
    ...['bee-sampler', 'libbee.so'].map((name) => join(repositoryRoot, 'prebuilds/linux-x64', name)),
    join(homedir(), '.cache/profile-bee-tests/cargo-nextest-0.9.151/bin/cargo-nextest'),
  ];
  return paths.filter((path) => existsSync(path)).map((path) => ({ name: path, path }));
}

test('chains are those of llvm-symbolizer, for tens of thousands of addresses of tens of programs', async (t) => {
  const sum = { total: 0, raw: 0, agreeing: 0 };
  for (const program of programs) {
    const agreement = await assertAgreement(program, ADDRESSES);
    t.diagnostic(`${program.name}: ${agreementLine(agreement)}`);
    sum.total += agreement.total;
    sum.raw += agreement.raw;
    sum.agreeing += agreeing(agreement);
  }
  t.diagnostic(`${programs.length} programs: ${sum.agreeing} of ${sum.total} agree, ${sum.raw} as they are`);
  assert.ok(programs.length >= LEAST_PROGRAMS && sum.total >= LEAST_ADDRESSES);
  assert.ok(sum.agreeing / sum.total >= LEAST_AGREEMENT);
});

test('on no program fewer chains are identical than through the library that is the fallback', async (t) => {
  for (const { name, path } of programs) {
    const addresses = randomCodeAddresses(path, ADDRESSES / 4, 13);
    const own = await agreementWithLlvm(path, addresses, { isLikeLlvm: true });
    const library = await agreementWithLlvm(path, addresses, { avoidsSweep: true });
    t.diagnostic(`${name}: ${own.raw} of ${own.total}, the library ${library.raw}`);
    assert.ok(own.raw >= library.raw, name);
  }
});
