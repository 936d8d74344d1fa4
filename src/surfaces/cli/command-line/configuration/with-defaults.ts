import type { Flags } from '../parse-flags.js';
import { ALTERNATIVES } from './setting.js';

/**
 * `flags`, completed by `defaults`: the rule both between files and for the command line. A list replaces a list; among
 * alternatives (outputs; profiles), one chosen at a higher level overrides all lower ones.
 */
export function withDefaults(flags: Flags, defaults: Flags): Flags {
  const open = keysOf(defaults).filter((key) => flags[key] === undefined && !isOverruled(key, flags));
  const places = Object.entries(defaults.places ?? {}).filter(([key]) => open.some((found) => found === key));
  return {
    ...Object.fromEntries(open.map((key) => [key, defaults[key]])),
    ...flags,
    places: { ...Object.fromEntries(places), ...flags.places },
  };
}

/** For a command line whose cargo part chooses a profile. `as-is` stays: it builds with cargo's choice. */
export function withoutProfile({ profile: _profile, places, ...others }: Flags): Flags {
  const { profile: _place, ...otherPlaces } = places ?? {};
  return { ...others, places: otherPlaces };
}

function keysOf(flags: Flags): (keyof Flags)[] {
  return (Object.keys(flags) as (keyof Flags)[]).filter((key) => key !== 'places');
}

/** `as-is = false` chooses nothing, so it only overrides `as-is`. */
function isOverruled(key: keyof Flags, flags: Flags): boolean {
  const alternatives = ALTERNATIVES.filter((group) => group.includes(key)).flat();
  return alternatives.some((other) => flags[other] !== undefined && flags[other] !== false);
}
