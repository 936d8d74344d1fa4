import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './repository.js';
import { scratchDirectory } from './scratch-directory.js';

export function fixtureSource(name: string): string {
  return join(repositoryRoot, 'fixtures', 'unwinding', name);
}

/** Compiles `fixtures/unwinding/NAME.c`; returns the program's path. Throws what the compiler says. */
export function compiledFixture(name: string, ...flags: string[]): string {
  const program = join(scratchDirectory(), name);
  execFileSync('gcc', ['-O1', ...flags, fixtureSource(`${name}.c`), '-o', program], { stdio: 'pipe' });
  return program;
}

/** For gcc: to link with the LLD of the Rust toolchain. */
export function lldFlags(): string[] {
  const libraries = execFileSync('rustc', ['--print', 'target-libdir'], { encoding: 'utf8' });
  return ['-fuse-ld=lld', `-B${join(libraries.trim(), '..', 'bin', 'gcc-ld')}`];
}

/** The same for `fixtures/unwinding/NAME.rs`. */
export function compiledRustFixture(name: string, ...flags: string[]): string {
  const program = join(scratchDirectory(), name);
  execFileSync('rustc', ['-O', ...flags, fixtureSource(`${name}.rs`), '-o', program], { stdio: 'pipe' });
  return program;
}
