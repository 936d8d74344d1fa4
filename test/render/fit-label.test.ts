import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitLabel } from '../../src/render/fit-label.js';

function spellings(name: string): string[] {
  const labels = Array.from({ length: name.length + 1 }, (_, columns) => fitLabel(name, columns));
  return [...new Set(labels.reverse())].filter((label) => label !== '');
}

test('outer modules go first, then arguments, and the function name last', () => {
  assert.deepEqual(spellings('alloc::vec::Vec<T>::push'), [
    'alloc::vec::Vec<T>::push',
    'alloc::vec::Vec::push',
    'vec::Vec<T>::push',
    'vec::Vec::push',
    'Vec<T>::push',
    'Vec::push',
    'push',
  ]);
});

test('a qualified path keeps type and trait as long as it can', () => {
  const labels = spellings('<alloc::vec::Vec<T,A> as core::ops::Drop>::drop');
  assert(labels.includes('<Vec<T,A> as Drop>::drop'));
  assert(labels.includes('<Vec as Drop>::drop'));
  assert.equal(labels.at(-1), 'drop');
});

test('closures stay with the function around them', () => {
  assert(!spellings('app::run::{closure}::{closure}').includes('{closure}'));
  assert(spellings('app::run::{closure}').includes('run::{closure}'));
});

test('names without a path are cut at the end, and not drawn when a letter or two would remain', () => {
  assert.deepEqual(spellings('do_syscall_64').slice(0, 2), ['do_syscall_64', 'do_syscall_…']);
  assert.equal(fitLabel('do_syscall_64', 4), 'do_…');
  assert.equal(fitLabel('do_syscall_64', 3), '');
  assert.equal(fitLabel('main', 2), '');
});

test('function pointers and unbalanced brackets do not confuse it', () => {
  assert(spellings('core::ops::FnOnce<fn() -> a::b::C>::call_once').includes('call_once'));
  for (const name of ['>>::a', '<<<::b', '::', '', '(((', 'a::', '}::x']) {
    for (let columns = 0; columns < 9; columns++)
      assert(fitLabel(name, columns).length <= Math.max(columns, name.length));
  }
});

test('wide characters take two columns', () => {
  assert.equal(fitLabel('蜂蜂蜂', 6), '蜂蜂蜂');
  assert.equal(fitLabel('蜂蜂蜂', 5), '蜂蜂…');
  assert.equal(fitLabel('🐝🐝🐝', 5), '🐝🐝…');
});

test('its source text works on its own, as the SVG uses it', () => {
  const standalone = new Function(`return (${fitLabel.toString()})`)() as typeof fitLabel;
  assert.equal(standalone('alloc::vec::Vec<T>::push', 10), 'Vec::push');
});

test('arguments behind a name do not take its place', () => {
  const name = 'std::panicking::catch_unwind::<isize, std::rt::lang_start_internal::{closure}>';
  assert.equal(fitLabel(name, 60), 'catch_unwind::<isize, lang_start_internal::{closure}>');
  assert.equal(fitLabel(name, 14), 'catch_unwind');
});
