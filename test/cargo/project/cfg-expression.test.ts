import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cfgApplies } from '../../../src/cargo/project/cfg-expression.js';

const LINUX = new Set([
  'debug_assertions',
  'unix',
  'target_os="linux"',
  'target_arch="x86_64"',
  'target_abi=""',
]);

const APPLIES = [
  ['cfg(unix)', true],
  ['cfg(windows)', false],
  ['cfg(target_os = "linux")', true],
  ['cfg(target_os="macos")', false],
  ['cfg(target_os)', false],
  ['cfg(target_abi="")', true],
  ['cfg( all( unix , target_os = "linux", ) )', true],
  ['cfg(all(unix, target_os = "macos"))', false],
  ['cfg(any(windows, target_arch = "x86_64"))', true],
  ['cfg(any(windows, target_arch = "aarch64"))', false],
  ['cfg(not(windows))', true],
  ['cfg(not(unix))', false],
  ['cfg(all(not(any(windows, target_os = "macos")), unix))', true],
  ['cfg(all())', true],
  ['cfg(any())', false],
  ['cfg(true)', true],
  ['cfg(false)', false],
  ['cfg(r#unix)', true],
  // No expressions: cargo refuses or ignores them.
  ['x86_64-unknown-linux-gnu', false],
  ['cfg()', false],
  ['cfg(unix unix)', false],
  ['cfg(not(windows, windows))', false],
  ['cfg(not())', false],
  ['cfg(all(unix)', false],
  ['cfg(all(unix windows))', false],
  ['cfg(all(,))', false],
  ['cfg(some(unix))', false],
  ['cfg(target_os = linux)', false],
  ['cfg("unix")', false],
  ['cfg(unix; unix)', false],
] as const;

for (const [key, expected] of APPLIES) {
  test(`${key} ${expected ? 'applies' : 'does not apply'}`, () =>
    assert.equal(cfgApplies(key, LINUX), expected));
}
