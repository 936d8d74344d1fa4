import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const SOURCE = `#!/usr/bin/env -S cargo -Zscript
---
[package]
edition = "2021"
---
#[inline(never)]
fn burn(rounds: u64) -> u64 {
    (0..rounds).fold(1, |state: u64, _| std::hint::black_box((state ^ (state >> 29)).wrapping_mul(0x9E3779B97F4A7C15)))
}
fn main() {
    println!("{:?} {}", std::env::args().skip(1).collect::<Vec<_>>(), burn(100_000_000));
    std::process::exit(3);
}
`;

/** With the variable stable cargo and rustc take what is unstable. */
function script(): { cwd: string; env: Record<string, string> } {
  const cwd = scratchDirectory();
  writeFileSync(join(cwd, 'burn.rs'), SOURCE);
  return { cwd, env: { RUSTC_BOOTSTRAP: '1', CARGO_TARGET_DIR: join(cwd, 'target') } };
}

test('cargo profile-bee -Zscript FILE.rs: its arguments, its exit code, its picture', needsRoot, async () => {
  const args = ['-Zscript', 'burn.rs', 'one', '--svg', '--', 'two'];
  const run = await profileWith({ command: 'cargo-profile-bee', args, ...script() }, 3);
  assert.match(run.stdout, /^\["one", "--svg", "--", "two"\] \d+\n$/);
  assertChain(run.stacks, ['burn::main', 'burn::burn'], 80);
  assert.equal(run.summary.targets[0]?.kind, 'bin');
});

test('a script without -Zscript: cargo says what it needs', needsRoot, async () => {
  const { code, stderr } = await runBee({ command: 'cargo-profile-bee', args: ['burn.rs'], ...script() });
  assert.equal(code, 101, stderr);
  assert.match(stderr, /requires `-Zscript`/);
});
