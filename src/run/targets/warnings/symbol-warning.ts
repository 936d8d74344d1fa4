import { resolve } from 'node:path';
import type { Problem } from '../../../account/problems/problem-list.js';
import { shellLine } from '../../../cargo/command/shell-line.js';
import type { ElfCrate, ElfFacts } from '../../../ffi/elf-facts.js';

/** A built program and what is known about its build. */
export interface SymbolTarget {
  /** The name that the user knows. */
  name: string;
  profile: string;
  /** Cargo's setting for the crate itself: `0`, `1`, `2`, `line-tables-only`, … */
  debuginfo: string;
  /** Built with our own profile, which asks for symbols. False: the user's profile unchanged. */
  isDerived: boolean;
  isAsIs: boolean;
  /** Root file of its crate, absolute. */
  sourcePath?: string | undefined;
}

/** Where rustc's own build, or a user's `-Zbuild-std`, compiles std and what std needs. */
const STD_DIRECTORIES = /^\/rustc\/|^\/rust\/deps\/|^\/cargo\/registry\/|\/lib\/rustlib\/src\/rust(\/|$)/;
/** The root of std itself: distributions build std, and its dependencies below it, in directories of their own. */
const STD_ROOT = /^(\/.*)\/library\/std\/src\/lib\.rs$/;
/** What a profile needs for symbols, lines and inlined functions. */
const SYMBOLS = ['debug=1', 'strip="none"'] as const;

/**
 * What the profile will lack, why, and what to type; undefined if nothing is known to be missing. The file decides:
 * `debuginfo` is only what was requested, and a linker, `strip` or RUSTFLAGS may have decided otherwise.
 */
export function symbolWarning(facts: ElfFacts, target: SymbolTarget): Problem | undefined {
  const own = ownCrates(facts);
  if (own.length === 0 && !facts.areUnitsWhole) return undefined;
  if (own.length === 0)
    return facts.hasSymbols || facts.hasMiniDebugInfo ? noDebuginfo(facts, target) : noSymbols(target);
  if (facts.areUnitsWhole && isOnlyOthers(own, target)) return onlyDependencies(target);
  return shortNames(own, target);
}

/** Without std's crates: their debug information is in every program that is not stripped. */
function ownCrates({ crates }: ElfFacts): ElfCrate[] {
  const roots = crates.flatMap(({ source }) => STD_ROOT.exec(source)?.[1] ?? []);
  const isBelow = (directory: string, root: string) => directory === root || directory.startsWith(`${root}/`);
  return crates.filter(
    ({ directory }) => !STD_DIRECTORIES.test(directory) && !roots.some((root) => isBelow(directory, root)),
  );
}

function noSymbols(target: SymbolTarget): Problem {
  const message = `the symbols of ${subject(target)} were stripped: its functions are shown as addresses`;
  return { code: 'no-symbols', message: withAdvice(message, target, SYMBOLS) };
}

/** std's own debug information remains unless the file itself was stripped. */
function noDebuginfo({ hasDebugInfo }: ElfFacts, target: SymbolTarget): Problem {
  const isStripped = !hasDebugInfo && target.debuginfo !== '0';
  const cause = isStripped
    ? `the debug information of ${subject(target)} was stripped`
    : `${subject(target)} was built ${lacksDebuginfo(target)}`;
  const message = `${cause}: its functions are symbolized, but without source lines and inlined functions`;
  return { code: 'no-debuginfo', message: withAdvice(message, target, SYMBOLS) };
}

function lacksDebuginfo({ debuginfo }: SymbolTarget): string {
  const isByProfile = debuginfo === '0' || debuginfo === 'line-directives-only';
  const wanted = setting('debug', debuginfo);
  return isByProfile ? `with ${wanted}` : `without debug information, although its profile says ${wanted}`;
}

/** Compared only if cargo said 0: a remapped path differs, and must not cause a warning. */
function isOnlyOthers(own: readonly ElfCrate[], target: SymbolTarget): boolean {
  const isKnown = target.debuginfo === '0' && target.sourcePath !== undefined;
  return isKnown && !own.some((crate) => crate.isSplit || isRootOf(target, crate));
}

function isRootOf({ sourcePath }: SymbolTarget, { directory, source }: ElfCrate): boolean {
  return resolve(directory, source) === sourcePath;
}

function onlyDependencies(target: SymbolTarget): Problem {
  const message = `${subject(target)} itself was built with debug = 0, unlike its dependencies: its functions are symbolized, but without source lines and inlined functions`;
  return { code: 'no-debuginfo', message: withAdvice(message, target, SYMBOLS) };
}

/** Judged by the program's own crate if found: short names of one dependency are not worth a warning. */
function shortNames(own: readonly ElfCrate[], target: SymbolTarget): Problem | undefined {
  const root = own.filter((crate) => isRootOf(target, crate));
  const judged = (root.length > 0 ? root : own).filter(({ names }) => names !== 'unknown');
  const isElsewhere = judged.length === 0 && own.some(({ isSplit }) => isSplit);
  const isShort = isElsewhere
    ? target.debuginfo === 'line-tables-only'
    : judged.length > 0 && judged.every(({ names }) => names === 'short');
  if (!isShort) return undefined;
  const message = `${subject(target)} was built with debug = "line-tables-only": its inlined functions lack their paths (\`parse\` for \`config::parse\`)`;
  return { code: 'short-names', message: withAdvice(message, target, ['debug=1']) };
}

function setting(name: string, value: string): string {
  return /^\d+$/.test(value) ? `${name} = ${value}` : `${name} = ${JSON.stringify(value)}`;
}

function subject({ name, profile }: SymbolTarget): string {
  return `${name} (profile ${profile})`;
}

/** Our own profile asks for everything, so something outside of profiles removed what is missing. */
function withAdvice(
  message: string,
  { profile, isDerived, isAsIs }: SymbolTarget,
  settings: readonly string[],
): string {
  if (isDerived)
    return `${message}; look for -C strip, -C debuginfo or -s in RUSTFLAGS, .cargo/config.toml and build scripts`;
  const flags = shellLine(settings.flatMap((text) => ['--config', `profile.${profile}.${text}`]));
  return `${message}; ${isAsIs ? 'leave out --as-is, or add' : 'add'} ${flags} to cargo's arguments`;
}
