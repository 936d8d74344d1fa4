export type CommandName = 'cargo-profile-bee' | 'profile-bee';

/** One flag as the parser, `--help`, the manual page and the completions see it. */
export interface FlagSpecification {
  name: string;
  alias?: string;
  /** The only command that has the alias: the wrapper leaves `-F` (features) to cargo. */
  aliasOnly?: CommandName;
  type: 'boolean' | 'string' | 'number';
  isRepeatable?: boolean;
  describe: string;
  /** What stands for the value in `--help`; shells complete a FILE and a PID as such. */
  value?: string;
  /** The values that are accepted, where there are only so many. */
  choices?: readonly string[];
  /** Names of the cargo project that shells offer for the value. */
  names?: 'profile';
  /** `--no-NAME` is accepted too. */
  isNegatable?: true;
  only?: CommandName;
}

export interface FlagSpellings {
  withValue: Set<string>;
  boolean: Set<string>;
}

/** How flags may be spelled: `--svg`, `-o`, `--no-open`, …, and which take a value. */
export function spellingsOf(flags: readonly FlagSpecification[]): FlagSpellings {
  const spellings = { withValue: new Set<string>(), boolean: new Set<string>() };
  for (const flag of flags) {
    const set = flag.type === 'boolean' ? spellings.boolean : spellings.withValue;
    set.add(`--${flag.name}`);
    if (flag.alias !== undefined) set.add(`-${flag.alias}`);
    if (flag.isNegatable) set.add(`--no-${flag.name}`);
  }
  return spellings;
}
