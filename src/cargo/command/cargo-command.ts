import type { ProfileSelection } from '../build/derived-profile.js';
import type { CargoVerb } from './cargo-verb.js';

/** What cargo is to do, apart from its profile. */
export interface CargoCommand {
  verb: CargoVerb;
  /** Without the verb, and without the flags that choose a profile. */
  args: string[];
  /** Positional arguments of `run` and what follows `--`. */
  programArgs: string[];
  /** The profile chosen in cargo's part; undefined if none. */
  profileSelection: ProfileSelection | undefined;
  /** The flags behind `profileSelection` as typed, for runs that keep the user's profile. */
  profileFlags: string[];
}
