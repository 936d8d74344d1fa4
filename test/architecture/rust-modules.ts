import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Between files of one crate, named from its `src`. */
export interface Import {
  from: string;
  to: string;
}

/** A `mod` with a file of its own; what stands in braces belongs to the file that it is in. */
interface Module {
  file: string;
  text: string;
  children: Map<string, Module>;
  parent: Module | undefined;
  /** Names that it uses or hands on, and the paths behind them. */
  uses: Use[];
}

interface Use {
  name: string;
  path: string[];
}

const PATH = /(?<![\w:])(?:crate|self|super)(?:\s*::\s*\w+)+/g;

/** What each file of a crate names of the others, tests left out. */
export function importsOf(root: string, src: string): Import[] {
  const modules = modulesOf(root);
  const imports = modules.flatMap((module) => {
    const targets = new Set(namedPaths(module).flatMap((path) => resolvePath(module, path)?.file ?? []));
    return [...targets].map((to) => ({ from: relative(src, module.file), to: relative(src, to) }));
  });
  const unique = new Map(imports.map((entry) => [`${entry.from} ${entry.to}`, entry]));
  return [...unique.values()].filter(({ from, to }) => from !== to);
}

/** Files that import each other, straight or by way of others; each circle sorted. */
export function circlesOf(imports: readonly Import[]): string[][] {
  const reach = new Map<string, Set<string>>();
  const files = [...new Set(imports.flatMap(({ from, to }) => [from, to]))].sort();
  for (const file of files) reach.set(file, reachable(file, imports));
  const circles = new Map<string, string[]>();
  for (const file of files) {
    const circle = files.filter((other) => reach.get(file)!.has(other) && reach.get(other)!.has(file));
    if (circle.length > 0) circles.set(circle.join(' '), circle);
  }
  return [...circles.values()];
}

function reachable(start: string, imports: readonly Import[]): Set<string> {
  const found = new Set<string>();
  const waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const { to } of imports.filter(({ from }) => from === file)) {
      if (found.has(to)) continue;
      found.add(to);
      waiting.push(to);
    }
  }
  return found;
}

function modulesOf(root: string): Module[] {
  const modules: Module[] = [];
  const read = (file: string, parent: Module | undefined): Module => {
    const text = withoutTests(withoutComments(readFileSync(file, 'utf8')));
    const module: Module = { file, text, children: new Map(), parent, uses: usesOf(text) };
    modules.push(module);
    for (const { name, place } of declaredModules(text)) {
      const child = place === undefined ? fileOf(module, root, name) : join(dirname(file), place);
      if (child !== undefined) module.children.set(name, read(child, module));
    }
    return module;
  };
  read(root, undefined);
  return modules;
}

function declaredModules(text: string): { name: string; place: string | undefined }[] {
  const declared = text.matchAll(
    /(?:#\[path\s*=\s*"([^"]+)"\]\s*)?(?:pub(?:\([^)]*\))?\s+)?\bmod\s+(\w+)\s*;/g,
  );
  return [...declared].map((match) => ({ name: match[2]!, place: match[1] }));
}

/** None for what the build writes. */
function fileOf({ file }: Module, root: string, name: string): string | undefined {
  const own = file === root || basename(file) === 'mod.rs';
  const folder = own ? dirname(file) : join(dirname(file), basename(file, '.rs'));
  return [join(folder, `${name}.rs`), join(folder, name, 'mod.rs')].find((path) => existsSync(path));
}

/** As `use` says it, and as it stands in the code: `crate::a::b`, `super::c`, and by the name of a child. */
function namedPaths(module: Module): string[][] {
  const inCode = [...module.text.matchAll(PATH)].map(([path]) => path.split('::').map((part) => part.trim()));
  const children = [...module.children.keys()].filter((name) =>
    new RegExp(`(?<![\\w:.])${name}\\s*::`).test(module.text),
  );
  return [...module.uses.map(({ path }) => path), ...inCode, ...children.map((name) => [name])];
}

/** The module in which a path ends, or which has what it names; none for what is no module's of the crate. */
function resolvePath(from: Module, path: readonly string[], depth = 0): Module | undefined {
  const [first, ...rest] = path;
  const begin = beginOf(from, first!);
  if (begin === undefined) return undefined;
  return walkDown(begin, rest, depth);
}

function beginOf(from: Module, first: string): Module | undefined {
  if (first === 'crate') return rootOf(from);
  if (first === 'self') return from;
  if (first === 'super') return from.parent;
  return from.children.get(first);
}

function rootOf(module: Module): Module {
  return module.parent === undefined ? module : rootOf(module.parent);
}

function walkDown(module: Module, [name, ...rest]: readonly string[], depth: number): Module | undefined {
  if (name === undefined) return module;
  if (name === 'super') return module.parent && walkDown(module.parent, rest, depth);
  const child = module.children.get(name);
  if (child !== undefined) return walkDown(child, rest, depth);
  // Whoever imports what a module only hands on depends on what is behind it.
  const handedOn = module.uses.find((use) => use.name === name);
  const behind = handedOn && depth < 8 ? resolvePath(module, handedOn.path, depth + 1) : undefined;
  return behind === undefined ? module : walkDown(behind, rest, depth);
}

function usesOf(text: string): Use[] {
  const statements = [...text.matchAll(/\buse\s+([^;]+);/g)].map((match) => match[1]!);
  return statements.flatMap((tree) => flattened(tree.replace(/\s+/g, ' ').trim(), []));
}

/** `a::{b, c::{self, D as E}}` as one path for each name. */
function flattened(tree: string, prefix: readonly string[]): Use[] {
  const brace = tree.indexOf('{');
  if (brace === -1) return [leaf(tree, prefix)];
  const head = tree
    .slice(0, brace)
    .split('::')
    .map((part) => part.trim());
  const path = [...prefix, ...head.filter((part) => part !== '')];
  const inner = tree.slice(brace + 1, tree.lastIndexOf('}'));
  return splitOutsideBraces(inner).flatMap((part) => flattened(part, path));
}

function leaf(tree: string, prefix: readonly string[]): Use {
  const [said, alias] = tree.split(' as ').map((part) => part.trim());
  const parts = said!.split('::').map((part) => part.trim());
  const path = [...prefix, ...parts.filter((part) => part !== '')];
  if (prefix.length > 0 && path.at(-1) === 'self') path.pop();
  return { name: alias ?? path.at(-1)!, path };
}

function splitOutsideBraces(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Strings stay as they are, without what would look like code in them. */
function withoutComments(text: string): string {
  const pieces = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|b?r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.|[^'\\])'/g;
  return text.replace(pieces, (piece) => (/^["b]/.test(piece) && /^"[\w./-]*"$/.test(piece) ? piece : ' '));
}

/** What stands behind `#[cfg(test)]`: to its semicolon, or to the end of its braces. */
function withoutTests(text: string): string {
  const at = text.search(/#!?\[cfg\((?:test|all\(test)/);
  if (at === -1) return text;
  if (text.startsWith('#!', at)) return '';
  const begin = text.indexOf(']', at) + 1;
  return text.slice(0, at) + withoutTests(text.slice(endOfItem(text, begin)));
}

function endOfItem(text: string, begin: number): number {
  let depth = 0;
  for (let index = begin; index < text.length; index += 1) {
    const character = text[index];
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (depth === 0 && (character === ';' || character === '}')) return index + 1;
  }
  return text.length;
}
