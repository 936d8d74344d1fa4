import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount, formatPercent, formatQuantity } from '../../src/account/format-count.js';
import { displayPath } from '../../src/render/display-path.js';
import { escapeXml, visibleText } from '../../src/render/visible-text.js';
import { wrapText } from '../../src/render/wrap-text.js';

test('what would be invisible or forbidden is spelled out', () => {
  assert.equal(visibleText('a\0b\nc\td\x1b[31m\x7f'), 'a␀b␊c␉d␛[31m␡');
  assert.equal(visibleText('a\u202eb\u2066c\u200bd\ufeff'), 'a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}');
  assert.equal(
    visibleText('\ud800x\udc00\ufffe\uffff\u2028\u0085'),
    '\\u{d800}x\\u{dc00}\\u{fffe}\\u{ffff}\\u{2028}\\u{85}',
  );
  assert.equal(visibleText('Émile 蜂 🐝 <T as U>'), 'Émile 蜂 🐝 <T as U>');
});

test('markup in names is text', () => {
  assert.equal(escapeXml(`<script>"&'`), `&lt;script&gt;&quot;&amp;'`);
});

test('paths are shown without the home and the toolchain they stood in', () => {
  assert.equal(
    displayPath('/home/me/.cargo/registry/src/index.example/tokio-1.0.0/src/a.rs'),
    'tokio-1.0.0/src/a.rs',
  );
  assert.equal(displayPath('/rustc/59807616e1fa2540/library/core/src/ptr.rs'), 'library/core/src/ptr.rs');
  assert.equal(displayPath('/opt/rust/lib/rustlib/src/rust/library/std/src/rt.rs'), 'library/std/src/rt.rs');
  assert.equal(displayPath('src/main.rs'), 'src/main.rs');
  assert.equal(displayPath('/home/me/app/src/main.rs', '/home/me/app'), 'src/main.rs');
  assert.equal(displayPath('/home/me/apple/src/main.rs', '/home/me/app'), '/home/me/apple/src/main.rs');
});

test('numbers read the same everywhere', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
  assert.deepEqual(
    [0, 1, 50, 99, 4567].map((part) => formatPercent(part, 10_000)),
    ['0 %', '0.01 %', '0.50 %', '0.99 %', '45.7 %'],
  );
  assert.equal(formatPercent(1, 1e9), '<0.01 %');
  assert.equal(formatPercent(0, 0), '0 %');
  assert.deepEqual([formatQuantity(1, 'frame'), formatQuantity(2, 'frame')], ['1 frame', '2 frames']);
});

test('text wraps at spaces', () => {
  assert.deepEqual(wrapText('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrapText('unbreakable x', 4), ['unbreakable', 'x']);
  assert.deepEqual(wrapText('', 4), []);
});
