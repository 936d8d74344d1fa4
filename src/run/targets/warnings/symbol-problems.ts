import { enumerate } from '../../../account/enumerate.js';
import type { Problem } from '../../../account/problems/problem-list.js';
import { DERIVED_PROFILE } from '../../../cargo/build/derived-profile.js';
import type { CargoTarget } from '../../../cargo/launch/cargo-run.js';
import { type ElfFacts, readElfFacts } from '../../../ffi/elf-facts.js';
import { NativeError } from '../../../ffi/native-error.js';
import { type SymbolTarget, symbolWarning } from './symbol-warning.js';

/**
 * What the profiles of these programs will lack; programs that lack the same for the same reason share a sentence.
 * `debugCache`: a folder with downloaded debug files.
 */
export function symbolProblems(
  targets: readonly CargoTarget[],
  isAsIs: boolean,
  debugCache?: string,
): Problem[] {
  const groups = new Map<string, { facts: ElfFacts; target: SymbolTarget; names: string[] }>();
  for (const built of targets) {
    const facts = readFacts(built.executable, debugCache);
    const target = { ...built, name: '', isAsIs, isDerived: isDerived(built) };
    const message = facts === undefined ? undefined : symbolWarning(facts, target)?.message;
    if (facts === undefined || message === undefined) continue;
    const group = groups.get(message) ?? { facts, target, names: [] };
    groups.set(message, { ...group, names: [...group.names, built.targetName] });
  }
  const problems = Array.from(groups.values(), ({ facts, target, names }) =>
    symbolWarning(facts, { ...target, name: enumerate(names) }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** The user may have a profile of this name too. */
function isDerived({ profile, debuginfo }: CargoTarget): boolean {
  return profile === DERIVED_PROFILE && debuginfo === '1';
}

/** Undefined if the file cannot be read, which says nothing about symbols. */
export function readFacts(path: string, debugCache?: string): ElfFacts | undefined {
  try {
    const facts = readElfFacts(path, debugCache);
    return facts.debugFile === '' ? facts : readElfFacts(facts.debugFile);
  } catch (error) {
    if (error instanceof NativeError) return undefined;
    throw error;
  }
}
