import type { ProfileSelection } from '../build/derived-profile.js';
import type { CargoVerb } from './cargo-verb.js';

/** What cargo is to do, its profile apart. */
export interface CargoCommand {
  verb: CargoVerb;
  /** Without the verb, and without the flags that choose a profile. */
  args: string[];
  /** Positional arguments of `run` and what follows `--`. */
  programArgs: string[];
  /** What cargo's part says about the profile; undefined when it says nothing. */
  profileSelection: ProfileSelection | undefined;
  /** The flags behind `profileSelection` as typed, for a run with the profile left alone. */
  profileFlags: string[];
}
