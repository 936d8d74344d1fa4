import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressesOf, compileProgram, findSymbol } from '../../ffi/compiled-program.js';
import { scratchDirectory } from '../../ffi/scratch-directory.js';
import { commandPath } from '../../kernel/running/repository.js';
import { LLVM_SYMBOLIZER } from '../../symbolize/agreement/llvm-symbolizer.js';
import { randomCodeAddresses } from '../../symbolize/agreement/random-addresses.js';

const SOURCE = `namespace shop {
template <class T> struct Cart { T total(T n) { volatile T m = n; return m * 3; } };
__attribute__((noinline)) int price(int n) { return Cart<int>().total(n) + 1; }
}
int main(int argc, char **) { return shop::price(argc); }
`;

function inspect(words: readonly string[], input: string) {
  const command = [commandPath('profile-bee'), 'inspect', 'symbolize', ...words];
  return spawnSync(process.execPath, command, { input, encoding: 'utf8', maxBuffer: 1 << 30 });
}

function program(): { path: string; address: string } {
  const { path } = compileProgram('g++', 'shop.cpp', SOURCE, ['-O1', '-g']);
  return { path, address: findSymbol(path, /price/).address.toString(16) };
}

test('inlined calls first, a function and its place on two lines, an empty line after each address', () => {
  const { path, address } = program();
  const { status, stdout, stderr } = inspect([path], `0x${address}\n\n${address.toUpperCase()}`);
  const [inlined, inside = '', name, place = ''] = stdout.split('\n');
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual([inlined, name], ['shop::Cart<int>::total(int)', 'shop::price(int)']);
  assert.match(inside, /\/shop\.cpp:2:\d+$/);
  assert.match(place, /\/shop\.cpp:3:\d+$/);
  assert.equal(stdout, `${[inlined, inside, name, place].join('\n')}\n\n`.repeat(2));
});

test('names as they are asked for', () => {
  const { path } = program();
  const addresses = addressesOf(findSymbol(path, /price/)).map((address) => address.toString(16));
  const namesOf = (...words: string[]) =>
    new Set(
      inspect([...words, path], addresses.join('\n'))
        .stdout.split('\n')
        .filter((line) => line && !line.includes(':4') && !/shop\.cpp/.test(line)),
    );
  const calls = ['shop::Cart<int>::total(int)', 'shop::price(int)'];
  assert.deepEqual([...namesOf('--demangle', 'full')].sort(), calls);
  assert.deepEqual([...namesOf('--demangle=simple')].sort(), ['shop::Cart::total', 'shop::price']);
  assert.deepEqual([...namesOf('--demangle=none')].sort(), ['_ZN4shop4CartIiE5totalEi', '_ZN4shop5priceEi']);
});

test('the bytes of llvm-symbolizer for whatever is asked', () => {
  for (const path of [program().path, '/lib/x86_64-linux-gnu/libc.so.6', process.execPath]) {
    const addresses = [0n, 1n, 2n ** 64n - 1n, ...randomCodeAddresses(path, 300, 11)];
    const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
    const theirs = execFileSync(LLVM_SYMBOLIZER, ['--inlines', '--no-demangle', `--obj=${path}`], {
      input,
      encoding: 'utf8',
    });
    assert.equal(inspect(['--demangle=none', path], input).stdout, theirs, path);
  }
});

/** What is typed behind `profile-bee inspect symbolize` | what it reads | exit code | what is said */
const LINES = `
             | 10  | 2 | needs a file.*ELF < ADDRESSES
@elf more     | 10  | 2 | unexpected argument more
--demangle   | 10  | 2 | --demangle needs a value
--demangle=x @elf | 10 | 2 | --demangle x: choose full, simple or none
--inlines @elf | 10 | 2 | unknown flag --inlines
@elf          | 10;nonsense | 2 | line 2 of standard input is not an address: nonsense
@elf          | -1  | 2 | line 1 of standard input is not an address
@elf          | 10000000000000000 | 2 | not an address
@elf          | 0x  | 2 | not an address
/nonexistent | 10  | 2 | cannot read /nonexistent: No such file
/            | 10  | 2 | cannot read /: not a regular file
@text         | 10  | 2 | cannot read @text: not an ELF file
@elf          |     | 0 | ^$
@cut          | 10  | 0 | \\?\\?:0:0
`;

test('inspect symbolize: its grammar, and what it cannot read', () => {
  const { path } = program();
  const folder = scratchDirectory('bee-inspect-');
  const files = { '@elf': path, '@text': join(folder, 'text'), '@cut': join(folder, 'cut') };
  writeFileSync(files['@text'], 'no program\n');
  execFileSync('cp', [path, files['@cut']]);
  truncateSync(files['@cut'], 3000);
  const withFiles = (text: string) => text.replace(/@\w+/g, (name) => files[name as keyof typeof files]);
  for (const line of LINES.trim().split('\n')) {
    const [typed = '', input = '', code = '', says = ''] = line.split(/ *\| */);
    const words = typed.split(' ').filter(Boolean).map(withFiles);
    const { status, stdout, stderr } = inspect(words, input.replace(';', '\n'));
    assert.equal(String(status), code, `${line}: ${stderr}`);
    assert.match(stdout + stderr, new RegExp(withFiles(says), 's'), line);
    if (status !== 0) assert.equal(stdout, '', line);
  }
});
