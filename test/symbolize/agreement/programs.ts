import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { compileProgram } from '../../ffi/compiled-program.js';

export const CPP_SOURCE = `#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
struct Shape { virtual ~Shape() {} virtual double area() const = 0; };
struct Square : Shape { double side; explicit Square(double s) : side(s) {} double area() const override { return side * side; } };
template <class T> T sum(const std::vector<T> &all) { T total{}; for (auto &one : all) total += one; return total; }
int main(int argc, char **) {
  std::map<std::string, std::vector<int>> groups;
  for (int i = 0; i < argc * 100; i++) groups[std::to_string(i % 7)].push_back(i);
  std::vector<std::unique_ptr<Shape>> shapes;
  shapes.push_back(std::make_unique<Square>(argc));
  std::function<int(int)> scaled = [&](int x) {
    struct Local { int triple(int y) { return y * 3; } };
    return Local().triple(x) + (int)groups.size();
  };
  for (auto &[name, all] : groups) {
    std::sort(all.begin(), all.end(), [](int a, int b) { return a > b; });
    std::printf("%s %d %d %f\\n", name.c_str(), sum(all), scaled(3), shapes[0]->area());
  }
}
`;
export const RUST_SOURCE = `use std::collections::{BTreeMap, HashMap};
trait Priced { fn price(&self) -> u64; }
struct Item(u64);
impl Priced for Item { fn price(&self) -> u64 { self.0 * 3 } }
mod shop {
    pub async fn order(count: u64) -> u64 { std::future::ready(count + 1).await }
}
fn main() {
    let words: HashMap<String, u64> = std::env::args().zip(1..).collect();
    let tree: BTreeMap<_, _> = words.iter().map(|(word, count)| (count, word.to_uppercase())).collect();
    let items: Vec<Box<dyn Priced>> = tree.keys().map(|&&count| Box::new(Item(count)) as Box<dyn Priced>).collect();
    let mut prices: Vec<u64> = items.iter().map(|item| item.price()).collect();
    prices.sort_by(|a, b| b.cmp(a));
    let _order = shop::order(prices[0]);
    println!("{:?} {:?}", tree, prices);
}
`;

export interface Program {
  name: string;
  path: string;
}

const CPP = {
  'DWARF 5': ['-O2', '-g'],
  'DWARF 4': ['-O2', '-g', '-gdwarf-4'],
  'DWARF 3': ['-O2', '-g', '-gdwarf-3', '-gstrict-dwarf'],
  'DWARF 2': ['-O2', '-g', '-gdwarf-2', '-gstrict-dwarf'],
  '64-bit DWARF': ['-O2', '-g', '-gdwarf64'],
  unoptimized: ['-O0', '-g'],
  'line tables': ['-O2', '-g1'],
  'no debug information': ['-O2'],
  'link-time optimization': ['-O2', '-g', '-flto=1'],
} satisfies Record<string, string[]>;

const RUST = {
  'debug = 1': ['-O', '-Cdebuginfo=1'],
  'debug = 1, v0, DWARF 5': ['-O', '-Cdebuginfo=1', '-Csymbol-mangling-version=v0', '-Cdwarf-version=5'],
  'debug = 2': ['-O', '-Cdebuginfo=2'],
  'debug = 2, unoptimized': ['-Cdebuginfo=2'],
  'line tables': ['-O', '-Cdebuginfo=line-tables-only'],
  'fat LTO': ['-O', '-Cdebuginfo=1', '-Clto=fat'],
} satisfies Record<string, string[]>;

export type CppKind = keyof typeof CPP;
export type RustKind = keyof typeof RUST;

export function cppProgram(kind: CppKind): Program {
  return { name: `C++, ${kind}`, path: compileProgram('g++', 'program.cpp', CPP_SOURCE, CPP[kind]).path };
}

export function rustProgram(kind: RustKind): Program {
  const args = ['--edition=2021', ...RUST[kind]];
  return { name: `Rust, ${kind}`, path: compileProgram('rustc', 'program.rs', RUST_SOURCE, args).path };
}

/** Programs of every kind, and copies of two that are stripped and compressed. */
export function allPrograms(): Program[] {
  const cpp = (Object.keys(CPP) as CppKind[]).map(cppProgram);
  const rust = (Object.keys(RUST) as RustKind[]).map(rustProgram);
  return [...cpp, ...rust, ...copiesOf(rust[0]!), ...copiesOf(cpp[0]!), clangProgram(), linkedProgram()];
}

/** What C++ from another compiler adds: no .debug_aranges. */
export function clangProgram(): Program {
  const { path } = compileProgram('clang++-19', 'program.cpp', CPP_SOURCE, ['-O2', '-g']);
  return { name: 'C++ by clang', path };
}

/** Stripped and compressed ones. */
export function copiesOf({ name: original, path }: Program): Program[] {
  const copies: Record<string, string[]> = {
    'zlib sections': ['llvm-objcopy-19', '--compress-debug-sections=zlib'],
    'zstd sections': ['llvm-objcopy-19', '--compress-debug-sections=zstd'],
    stripped: ['llvm-objcopy-19', '--strip-all'],
  };
  return Object.entries(copies).map(([name, [tool = '', ...args]]) => {
    const copy = `${path}.${name.replace(' ', '-')}`;
    execFileSync(tool, [...args, path, copy]);
    return { name: `${original}, ${name}`, path: copy };
  });
}

/** Debug information in a file of its own, found by the link that names it. */
export function linkedProgram(): Program {
  const { path } = compileProgram('g++', 'program.cpp', CPP_SOURCE, ['-O2', '-g', '-Wl,--build-id']);
  const copy = `${path}.linked`;
  copyFileSync(path, copy);
  execFileSync('objcopy', ['--only-keep-debug', copy, `${copy}.debug`]);
  execFileSync('objcopy', ['--strip-all', `--add-gnu-debuglink=${copy}.debug`, copy]);
  return { name: 'debug information behind a link', path: copy };
}
