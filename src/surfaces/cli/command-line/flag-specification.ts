export type CommandName = 'cargo-profile-bee' | 'profile-bee';

/** A flag, as used by the parser, `--help`, the manual page and the completions. */
export interface FlagSpecification {
  name: string;
  alias?: string;
  /** The only command with the alias: the wrapper leaves `-F` (features) to cargo. */
  aliasOnly?: CommandName;
  type: 'boolean' | 'string' | 'number';
  isRepeatable?: boolean;
  describe: string;
  /** The placeholder of the value in `--help`; shells complete FILE and PID. */
  value?: string;
  /** The accepted values, if limited. */
  choices?: readonly string[];
  /** The kind of names in the cargo project that shells offer. */
  names?: 'profile';
  /** Also accepts `--no-NAME`. */
  isNegatable?: true;
  only?: CommandName;
}

export interface FlagSpellings {
  withValue: Set<string>;
  boolean: Set<string>;
}

/** All spellings of the flags: `--svg`, `-o`, `--no-open`, …, and which take a value. */
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
