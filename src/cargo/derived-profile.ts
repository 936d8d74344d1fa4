import type { CargoVerb } from './cargo-verb.js';

/** What the profiled build is derived from; `as-is` builds with the flags of the user and nothing of ours. */
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
 * Cargo arguments that build with symbols into a directory of its own: neither Cargo.toml nor the user's
 * target/release is touched. RUSTFLAGS would replace the configured ones and rebuild everything twice.
 * `debug = 1`: with `line-tables-only` inlined functions lose their paths (no linkage names).
 */
export function derivedProfileArguments(verb: CargoVerb, selection: ProfileSelection): string[] {
  if (selection === 'as-is') return [];
  const inherits = inheritedProfile(verb, selection);
  // A profile of the same name in the user's Cargo.toml is theirs; deriving it from itself would be a cycle.
  if (inherits === DERIVED_PROFILE) return ['--profile', DERIVED_PROFILE];
  const settings = [`inherits=${JSON.stringify(inherits)}`, 'debug=1', 'strip="none"'];
  return [
    '--profile',
    DERIVED_PROFILE,
    ...settings.flatMap((setting) => ['--config', `profile.${DERIVED_PROFILE}.${setting}`]),
  ];
}
