import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasChain } from './assert-chain.js';
import { isNamed, normalName } from './frame-name.js';
import { assertSelfShares, selfShares } from './self-shares.js';

test('marks, hashes and generic arguments are not part of a name', () => {
  assert.equal(normalName('core::ptr::drop_in_place::h0123456789abcdef_[i]'), 'core::ptr::drop_in_place');
  assert.equal(normalName('a::call<fn() -> (), Vec<u8>>'), 'a::call');
  assert.equal(normalName('a::call::<T>::{{closure}}'), 'a::call::{closure}');
  assert.equal(normalName('a::call::{async fn}::{closure#1}'), 'a::call::{closure}::{closure}');
  assert.equal(normalName('<a::B as c::D>::e'), '<a::B as c::D>::e');
  assert.equal(normalName('read_zero_[k]'), 'read_zero');
});

test('a name is found by its end, at a path boundary, and by its mark when one is asked for', () => {
  assert.ok(isNamed('server::parse', 'parse'));
  assert.ok(!isNamed('server::reparse', 'parse'));
  assert.ok(isNamed('work::units_[i]', 'units_[i]'));
  assert.ok(!isNamed('work::units', 'units_[i]'));
});

test('a chain is an ordered sub-sequence', () => {
  assert.ok(hasChain(['_start', 'a', 'x', 'b'], ['a', 'b']));
  assert.ok(!hasChain(['_start', 'b', 'a'], ['a', 'b']));
});

test('an inlined leaf counts for the function that it was inlined into, and a wrong share is found', () => {
  const stacks = [
    { frames: ['main', 'parse', 'units_[i]'], count: 6 },
    { frames: ['main', 'parse'], count: 1 },
    { frames: ['main', 'render'], count: 3 },
  ];
  assert.deepEqual(Object.fromEntries(selfShares(stacks)), { parse: 70, render: 30 });
  assertSelfShares(stacks, { parse: 70, render: 30 }, 1);
  assert.throws(() => assertSelfShares(stacks, { parse: 60, render: 40 }, 3));
});
