import { execFileSync } from 'node:child_process';
import { join, parse } from 'node:path';
import { repositoryRoot } from '../running/repository.js';
import { scratchDirectory } from '../running/scratch-directory.js';

export function fixtureSource(name: string): string {
  return join(repositoryRoot, 'fixtures', 'unwinding', name);
}

/** Compiles `fixtures/unwinding/NAME.c`; returns the program's path. Throws what the compiler says. */
export function compiledFixture(name: string, ...flags: string[]): string {
  return compiled('gcc', ['-O1', ...flags], `${name}.c`);
}

/** The same for `fixtures/unwinding/NAME.cpp`. */
export function compiledCppFixture(name: string, ...flags: string[]): string {
  return compiled('g++', ['-O2', ...flags], `${name}.cpp`);
}

/** For gcc: to link with the LLD of the Rust toolchain. */
export function lldFlags(): string[] {
  const libraries = execFileSync('rustc', ['--print', 'target-libdir'], { encoding: 'utf8' });
  return ['-fuse-ld=lld', `-B${join(libraries.trim(), '..', 'bin', 'gcc-ld')}`];
}

/** The same for `fixtures/unwinding/NAME.rs`. */
export function compiledRustFixture(name: string, ...flags: string[]): string {
  return compiled('rustc', ['-O', ...flags], `${name}.rs`);
}

function compiled(compiler: string, flags: readonly string[], source: string): string {
  const program = join(scratchDirectory(), parse(source).name);
  execFileSync(compiler, [...flags, fixtureSource(source), '-o', program], { stdio: 'pipe' });
  return program;
}
