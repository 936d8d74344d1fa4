import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileProgram } from '../ffi/compiled-program.js';
import { scratchDirectory } from '../ffi/scratch-directory.js';
import { splitFilesOf } from '../symbolize/agreement/split-programs.js';

const CPP_SOURCE = `namespace shop {
template <typename T> inline T twice(T a) { return a * 2 + 1; }
struct Item { int price; int total(int count) const { return twice(price) * count; } };
__attribute__((noinline)) long sum(const Item *items, int count) {
  long all = 0;
  for (int i = 0; i < count; i++) all += items[i].total(i);
  return all;
}
}
extern "C" int outside(long);
extern "C" int entry(shop::Item *items, int count) { return outside(shop::sum(items, count)) + shop::twice(count); }
`;
const RUST_SOURCE = `#![no_std]
#[panic_handler] fn on_panic(_: &core::panic::PanicInfo) -> ! { loop {} }
mod shop { pub fn sum(items: &[u32]) -> u32 { items.iter().map(|it| it.wrapping_mul(3)).filter(|it| it % 2 == 0).sum() } }
#[no_mangle] pub extern "C" fn entry(a: u32) -> u32 { shop::sum(&[a, a + 1, a.wrapping_mul(a)]) }
`;
/** Without call frame information: an aligned stack, a table of jumps, a thread. */
const ASSEMBLY_SOURCE = `.intel_syntax noprefix
.globl aligned, chosen, thread
aligned: push rbp; push r13; mov r13, rsp; sub rsp, 64; and rsp, -64; mov [rsp+8], r13; mov rbp, rdi; call chosen
  mov rsp, [rsp+8]; pop r13; pop rbp; ret
.balign 16
chosen: push rbx; cmp edi, 2; ja 9f; lea rdx, [rip+table]; movsxd rax, dword ptr [rdx+rdi*4]; add rax, rdx; jmp rax
1: enter 32, 0; leave
2: call [rsi]
9: pop rbx; ret
.balign 16
thread: xor eax, eax; mov al, 56; syscall; test eax, eax; jnz 1f; xor ebp, ebp; pop rdi; call r9; mov edi, eax; mov eax, 60; syscall
  hlt
1: ret
.section .rodata
table: .long 1b - table, 2b - table, 9b - table
`;
const SMALL = ['-shared', '-nostdlib', '-fPIC', '-O2', '-g', '-Wl,--build-id'];
const RUST_FLAGS = [
  '--edition=2021',
  '--crate-type=cdylib',
  '-O',
  '-Cpanic=abort',
  '-Clink-arg=-nostartfiles',
];

/** A folder with small ELF files of a few compilers, for a fuzzer to begin with. */
export function fuzzSeeds(): string {
  const folder = join(scratchDirectory('bee-fuzz-'), 'corpus');
  mkdirSync(folder);
  const programs = [...plainSeeds(), ...splitSeeds(), packagedSeed(), ...supplementedSeeds()];
  for (const [index, path] of programs.entries()) copyFileSync(path, join(folder, `seed-${index}`));
  return folder;
}

function compiled(compiler: string, ...flags: string[]): string {
  return compileProgram(compiler, 'code.cpp', CPP_SOURCE, [...SMALL, ...flags]).path;
}

function plainSeeds(): string[] {
  const versions = [2, 3, 4, 5].map((version) => compiled('g++', `-gdwarf-${version}`));
  const rust = [1, 2].map((level) => {
    const args = [...RUST_FLAGS, `-Cdebuginfo=${level}`];
    return compileProgram('rustc', 'code.rs', RUST_SOURCE, args).path;
  });
  const assembly = [[], ['-s']].map((flags) => {
    return compileProgram('gcc', 'code.S', ASSEMBLY_SOURCE, ['-shared', '-nostdlib', '-fPIC', ...flags]).path;
  });
  return [
    ...versions,
    ...assembly,
    compiled('clang++-19'),
    compiled('g++', '-fno-asynchronous-unwind-tables'),
    ...rust,
  ];
}

/** With what is in their .dwo file: the target looks for it in the file itself. */
function splitSeeds(): string[] {
  return ['g++', 'clang++-19'].flatMap((compiler) =>
    [4, 5].map((version) => {
      const path = compiled(compiler, '-gsplit-dwarf', `-gdwarf-${version}`);
      addSections(path, splitFilesOf(path)[0]!);
      return path;
    }),
  );
}

function packagedSeed(): string {
  const path = compiled('g++', '-gsplit-dwarf', '-gdwarf-4');
  execFileSync('dwp', ['-o', `${path}.dwp`, splitFilesOf(path)[0]!]);
  addSections(path, `${path}.dwp`);
  return path;
}

const SPLIT_SECTIONS = ['info', 'abbrev', 'str', 'str_offsets', 'rnglists', 'loclists', 'line']
  .map((name) => `.debug_${name}.dwo`)
  .concat('.debug_cu_index');

function addSections(path: string, from: string): void {
  for (const section of SPLIT_SECTIONS) {
    const content = `${path}${section}`;
    try {
      // Not to /dev/null: root's compilers and linkers replace what they write to.
      execFileSync('llvm-objcopy-19', [`--dump-section=${section}=${content}`, from, `${path}.copy`], {
        stdio: 'pipe',
      });
    } catch {
      continue; // compilers leave out what is empty
    }
    if (existsSync(content)) execFileSync('llvm-objcopy-19', [`--add-section=${section}=${content}`, path]);
  }
}

function supplementedSeeds(): string[] {
  return [[], ['--dwarf-5']].flatMap((flags) => {
    const programs = [compiled('g++'), compiled('g++', '-DOTHER')];
    const supplement = `${programs[0]}.supplement`;
    execFileSync('dwz', [...flags, '-m', supplement, ...programs], { stdio: 'pipe' });
    return [programs[0]!, supplement];
  });
}
