import type { CargoVerb } from '../command/cargo-verb.js';

/** The base of the profiled build; `as-is` builds with the user's flags only. */
export type ProfileSelection =
  | { kind: 'release' }
  | { kind: 'dev' }
  | { kind: 'named'; name: string }
  | 'as-is';

export const DERIVED_PROFILE = 'profile-bee';

/** The profile that the derived one inherits; `release` (the default) means cargo's own default for `bench`. */
export function inheritedProfile(verb: CargoVerb, selection: Exclude<ProfileSelection, 'as-is'>): string {
  if (selection.kind === 'named') return selection.name;
  if (selection.kind === 'dev') return 'dev';
  return verb === 'bench' ? 'bench' : 'release';
}

/**
 * `debug = 1`: with `line-tables-only`, inlined functions lose their paths (no linkage names). `split-debuginfo = "off"`:
 * separate files next to the program could get lost. `strip` and the others come after those of the inherited profile and
 * therefore win.
 */
const SYMBOL_SETTINGS = ['debug=1', 'strip="none"', 'split-debuginfo="off"'] as const;
/** Overrides all dependencies; cargo accepts it even if there are none. */
const ALL_DEPENDENCIES = '*';

/**
 * Cargo arguments that build with symbols into a separate directory: neither Cargo.toml nor the user's target/release is
 * touched. RUSTFLAGS would replace the configured ones and rebuild everything twice.
 *
 * Package overrides are inherited too and take precedence over the profile, so each needs an override of ours with the same
 * spec (two different specs for one package are an error). `overridden`: the specs in the inherited profiles.
 */
export function derivedProfileArguments(
  verb: CargoVerb,
  selection: ProfileSelection,
  overridden: readonly string[] = [],
): string[] {
  if (selection === 'as-is') return [];
  const inherits = inheritedProfile(verb, selection);
  // The user's Cargo.toml already has a profile of this name; deriving it from itself would be a cycle.
  if (inherits === DERIVED_PROFILE) return ['--profile', DERIVED_PROFILE];
  const specs = new Set([ALL_DEPENDENCIES, ...overridden]);
  const tables = ['', ...Array.from(specs, (spec) => `package.${JSON.stringify(spec)}.`)];
  const settings = [
    `inherits=${JSON.stringify(inherits)}`,
    ...tables.flatMap((table) => SYMBOL_SETTINGS.map((setting) => `${table}${setting}`)),
  ];
  return [
    '--profile',
    DERIVED_PROFILE,
    ...settings.flatMap((setting) => ['--config', `profile.${DERIVED_PROFILE}.${setting}`]),
  ];
}
