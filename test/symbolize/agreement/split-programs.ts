import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compileProgram } from '../../ffi/compiled-program.js';
import { CPP_SOURCE, type Program, RUST_SOURCE } from './programs.js';

const COMPILERS = {
  'g++': ['-O2', '-g', '-gsplit-dwarf'],
  'clang++-19': ['-O2', '-g', '-gsplit-dwarf'],
  rustc: ['--edition=2021', '-O', '-Cdebuginfo=2', '-Csplit-debuginfo=unpacked'],
} satisfies Record<string, string[]>;

type Compiler = keyof typeof COMPILERS;
const VERSIONS = [4, 5] as const;

/** Entries in .dwo files beside the program. */
export function splitPrograms(): Program[] {
  return (Object.keys(COMPILERS) as Compiler[]).flatMap((compiler) =>
    VERSIONS.map((version) => splitProgram(compiler, version)),
  );
}

function splitProgram(compiler: Compiler, version: number): Program {
  const name = `.dwo by ${compiler}, DWARF ${version}`;
  if (compiler === 'rustc') {
    const args = [...COMPILERS[compiler], `-Cdwarf-version=${version}`];
    return { name, path: compileProgram(compiler, 'program.rs', RUST_SOURCE, args).path };
  }
  const args = [...COMPILERS[compiler], `-gdwarf-${version}`];
  return { name, path: compileProgram(compiler, 'program.cpp', CPP_SOURCE, args).path };
}

/** The same in packages of three linkers; the .dwo files are gone. */
export function packagedPrograms(): Program[] {
  const packed = ['--edition=2021', '-O', '-Cdebuginfo=2', '-Csplit-debuginfo=packed'];
  const rust = VERSIONS.map((version) => ({
    name: `.dwp by rustc, DWARF ${version}`,
    path: compileProgram('rustc', 'program.rs', RUST_SOURCE, [...packed, `-Cdwarf-version=${version}`]).path,
  }));
  return [
    ...rust,
    packaged(splitProgram('clang++-19', 5), 'llvm-dwp-19'),
    packaged(splitProgram('g++', 4), 'dwp'),
  ];
}

function packaged({ name, path }: Program, packer: string): Program {
  const files = splitFilesOf(path);
  execFileSync(packer, ['-o', `${path}.dwp`, ...files]);
  for (const file of files) rmSync(file);
  return { name: `${name}, in a package by ${packer}`, path };
}

export function splitFilesOf(path: string): string[] {
  const folder = dirname(path);
  const names = readdirSync(folder).filter((name) => name.endsWith('.dwo'));
  return names.map((name) => join(folder, name));
}
