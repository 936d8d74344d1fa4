import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SymbolStyle } from '../../src/ffi/symbolizer.js';
import { scratchDirectory } from '../ffi/scratch-directory.js';
import { frameNames, profileOf } from './profile-of-addresses.js';

/** Labels in macros, in functions without and with type and size, and where a function is left by a jump. */
const NASM = `section .text
%macro wait_for 1
    mov ecx, %1
%%top:
    dec ecx
    jnz %%top
%endmacro
global burn
burn:
    xor eax, eax
.loop:
    add rax, rdi
    call helper
    dec rdi
    jnz .loop
    test rax, rax
    jz .odd
    ret
.odd:
    inc rax
    ret
helper:
    mov ecx, 10
.again:
    lea rax, [rax+rcx*2]
    dec ecx
    jnz .again
    ret
global typed:function
typed:
    wait_for 5
.inner:
    wait_for 6
    ret
global sized:function (sized.end - sized)
sized:
    wait_for 5
.inner:
    wait_for 6
    ret
.end:
global same, twice
same:
twice:
    mov ecx, 7
.loop:
    dec ecx
    jnz .loop
    ret
section .note.GNU-stack
`;

const CALLER_IN_C = `long burn(long), typed(void), sized(void), same(void), twice(void);
int main(void) { return (int)(burn(100) + typed() + sized() + same() + twice()); }
`;

const CALLER_IN_RUST = `extern "C" {
    fn burn(count: i64) -> i64; fn typed() -> i64; fn sized() -> i64; fn same() -> i64; fn twice() -> i64;
}
fn main() { unsafe { println!("{}", burn(100) + typed() + sized() + same() + twice()); } }
`;

const FUNCTIONS = ['burn', 'helper', 'typed', 'sized', 'same'];

/** An object file of assembly and its caller, linked. */
function linked(assembler: readonly string[], source: string, link: (object: string) => string[]): string {
  const directory = scratchDirectory('bee-assembly-');
  const [object, path] = [join(directory, 'code.o'), join(directory, 'program')];
  writeFileSync(join(directory, 'code.asm'), source);
  writeFileSync(join(directory, 'caller.c'), CALLER_IN_C);
  writeFileSync(join(directory, 'caller.rs'), CALLER_IN_RUST);
  const run = ([tool = '', ...args]: readonly string[]) => execFileSync(tool, args, { cwd: directory });
  run([...assembler, 'code.asm', '-o', object]);
  run([...link(object), '-o', path]);
  return path;
}

interface Instruction {
  address: bigint;
  /** As objdump names the code around it: by the nearest symbol. */
  label: string;
  text: string;
}

function instructionsOf(path: string): Instruction[] {
  const output = execFileSync('objdump', ['-d', '--no-show-raw-insn', '-j', '.text', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const blocks = output.split(/^(?=[0-9a-f]{16} <)/m);
  return blocks.flatMap((block) => {
    const label = /^[0-9a-f]{16} <(.*)>:$/m.exec(block)?.[1] ?? '';
    const lines = [...block.matchAll(/^ +([0-9a-f]+):\t(.*)$/gm)];
    return lines.map(([, address, text = '']) => ({ address: BigInt(`0x${address}`), label, text }));
  });
}

/** Names of the instructions' frames, one after the other, each as often as it changes. */
async function namesOf(
  path: string,
  addresses: readonly bigint[],
  style: SymbolStyle = {},
): Promise<string[]> {
  const names: string[] = [];
  for (const address of addresses) {
    const { profile } = await profileOf(path, [address], style);
    const name = frameNames(profile).join(' < ');
    if (names.at(-1) !== name) names.push(name);
  }
  return names;
}

/** From the first label to the last that is of these functions; not the padding, which is nobody's. */
function codeOf(path: string, functions: readonly string[]): bigint[] {
  const all = instructionsOf(path);
  const isOwn = ({ label }: Instruction) =>
    functions.some((name) => label === name || label.startsWith(`${name}.`)) || label.startsWith('..@');
  const [first, last] = [all.findIndex(isOwn), all.findLastIndex(isOwn)];
  const padding = /^(nop|xchg +%ax,%ax|cs nop|data16|int3)/;
  return all
    .slice(first, last + 1)
    .filter(({ text }) => !padding.test(text))
    .map(({ address }) => address);
}

const LINKERS: Record<string, (object: string) => string[]> = {
  C: (object) => ['gcc', '-O1', 'caller.c', object],
  'C with DWARF': (object) => ['gcc', '-O1', '-g', 'caller.c', object],
  'Rust with DWARF': (object) => ['rustc', '-O', '-g', `-Clink-arg=${object}`, 'caller.rs'],
  'Rust without DWARF': (object) => ['rustc', '-O', '-Cstrip=debuginfo', `-Clink-arg=${object}`, 'caller.rs'],
};

const ASSEMBLERS: Record<string, string[]> = {
  nasm: ['nasm', '-f', 'elf64'],
  'nasm with DWARF': ['nasm', '-f', 'elf64', '-g', '-F', 'dwarf'],
  yasm: ['yasm', '-f', 'elf64'],
  'yasm with DWARF': ['yasm', '-f', 'elf64', '-g', 'dwarf2'],
};

for (const [assembler, command] of Object.entries(ASSEMBLERS))
  for (const [caller, link] of Object.entries(LINKERS))
    test(`labels of ${assembler} are places in the functions before them, in ${caller}`, async () => {
      const path = linked(command, NASM, link);
      const code = codeOf(path, [...FUNCTIONS, 'twice']);
      const names = await namesOf(path, code);
      // One of two names for the same code: which, the linker decides.
      const functions = names.map((name) => (name === 'twice' ? 'same' : name));
      // Without DWARF yasm gives no names to what is not global: its code is nobody's.
      const isNamed = (name: string) => !name.startsWith('[program+');
      if (assembler !== 'yasm') assert.deepEqual(functions, FUNCTIONS);
      else
        assert.deepEqual(
          functions.filter(isNamed),
          FUNCTIONS.filter((name) => name !== 'helper'),
        );
      if (!assembler.startsWith('nasm')) return;
      const asLlvm = await namesOf(path, code, { isLikeLlvm: true });
      assert.ok(asLlvm.includes('burn.loop'), 'the labels are there for whoever believes them');
    });

test('labels are places in functions also where the symbols are in .gnu_debugdata', async () => {
  const path = linked(ASSEMBLERS.nasm!, NASM, LINKERS.C!);
  const code = codeOf(path, [...FUNCTIONS, 'twice']);
  const [symbols, stripped] = [`${path}.symbols`, `${path}.stripped`];
  execFileSync('objcopy', ['--only-keep-debug', path, symbols]);
  execFileSync('xz', [symbols]);
  // Nor by the build id are the symbols to be found.
  const options = ['--strip-all', '-R', '.note.gnu.build-id', `--add-section=.gnu_debugdata=${symbols}.xz`];
  execFileSync('objcopy', [...options, path, stripped]);
  const names = await namesOf(stripped, code);
  assert.deepEqual(
    names.map((name) => (name === 'twice' ? 'same' : name)),
    FUNCTIONS,
  );
});

/** What has a size or a type is a function, whatever its name. */
const PARTS_OF_COMPILERS = `
.text
.globl work
.type work, @function
work: mov $7, %ecx
spin: dec %ecx
 jnz spin
 ret
.size work, . - work
.type work.cold, @function
work.cold: nop
 ud2
.size work.cold, . - work.cold
.type work.part.0, @function
work.part.0: nop
 ret
.type work.llvm.123, @function
work.llvm.123: nop
 ret
.globl entry.with.dots
entry.with.dots: nop
 ret
other.place: nop
 ret
.section .note.GNU-stack
`;

test('a function with a size goes before labels in it, and parts that compilers made are functions', async () => {
  const path = linked(['gcc', '-c', '-x', 'assembler'], PARTS_OF_COMPILERS, (object) => [
    'gcc',
    '-shared',
    '-nostdlib',
    object,
  ]);
  const addresses = instructionsOf(path).map(({ address }) => address);
  const expected = ['work', 'work.cold', 'work.part.0', 'work.llvm.123', 'entry.with.dots', 'other.place'];
  assert.deepEqual(await namesOf(path, addresses), expected);
  const asLlvm = await namesOf(path, addresses, { isLikeLlvm: true });
  assert.deepEqual(asLlvm, [expected[0], 'spin', ...expected.slice(1)]);
});

const KERNEL_IN_RUST = `use std::arch::global_asm;
global_asm!(
    ".globl kernel_leaf", "kernel_leaf:", "xor eax, eax", "test rdi, rdi", "jz 3f",
    ".p2align 4", "2:", "add rax, rdi", "dec rdi", "jnz 2b", "ret",
    ".p2align 4", "3:", "mov eax, 1", "ret",
    ".p2align 4", "unseen:", "mov eax, 2", "ret", ".p2align 4", "mov eax, 3", "ret",
    ".globl kernel_last", ".p2align 4", "kernel_last:", "add rax, 5", "ret",
);
extern "C" { fn kernel_leaf(count: u64) -> u64; fn kernel_last() -> u64; }
fn main() { unsafe { println!("{}", kernel_leaf(std::env::args().count() as u64) + kernel_last()); } }
`;

for (const [kind, args] of Object.entries({
  'without DWARF': ['-O'],
  'with DWARF': ['-O', '-g'],
  unoptimized: ['-g'],
}))
  test(`assembly in Rust has its name for all of its code and for no more, ${kind}`, async () => {
    const directory = scratchDirectory('bee-assembly-');
    const path = join(directory, 'program');
    writeFileSync(join(directory, 'program.rs'), KERNEL_IN_RUST);
    execFileSync('rustc', ['--crate-name=program', ...args, 'program.rs', '-o', path], { cwd: directory });
    const all = instructionsOf(path);
    const leaf = all.filter(({ label }) => label === 'kernel_leaf');
    const returns = leaf.findLastIndex(({ text }) => text.startsWith('ret'));
    const code = leaf.slice(0, returns + 1).map(({ address }) => address);
    assert.equal(code.length, 9 + leaf.slice(0, returns).filter(({ text }) => /nop|xchg/.test(text)).length);
    assert.deepEqual(await namesOf(path, code), ['kernel_leaf']);
    const rest = all.filter(({ label }) => label === 'unseen' || label === 'kernel_last');
    const ends = rest.filter(({ text }) => text.startsWith('ret')).map(({ address }) => address);
    const [unseen, unnamed, last] = await Promise.all(ends.map((address) => namesOf(path, [address])));
    assert.deepEqual([unseen, last], [['unseen'], ['kernel_last']]);
    assert.deepEqual(unnamed, [`[program+0x${ends[1]!.toString(16)}]`]);
    // Only what is exported: the rest of the gap, and the code of Rust behind it, is not all kernel_last's.
    const stripped = `${path}.stripped`;
    copyFileSync(path, stripped);
    execFileSync('strip', ['--strip-unneeded', '-K', 'kernel_leaf', '-K', 'kernel_last', stripped]);
    const names = await namesOf(
      stripped,
      all
        .map(({ address }) => address)
        .filter((it) => it >= ends[2]!)
        .slice(0, 40),
    );
    assert.deepEqual(
      names.filter((name) => name.startsWith('kernel')),
      ['kernel_last'],
    );
    assert.ok(names.length > 1);
  });
