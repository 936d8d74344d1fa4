import type { NameKind } from '../../../../cargo/project/workspace-names.js';
import type { FlagSpecification } from '../flag-specification.js';

/** What a shell completes after a flag; `text`: nothing. */
export type CompletedValue =
  | 'file'
  | 'directory'
  | 'pid'
  | 'text'
  | { choices: readonly string[] }
  | { names: NameKind };

export interface CompletedFlag {
  /** With dashes; the long one last. */
  spellings: readonly string[];
  /** May be empty. */
  describe: string;
  value: CompletedValue | undefined;
}

/** `--no-NAME` is an entry of its own. */
export function completedFlags(flags: readonly FlagSpecification[]): CompletedFlag[] {
  return flags.flatMap((flag) => {
    const { name, alias, describe } = flag;
    const spellings = [...(alias === undefined ? [] : [`-${alias}`]), `--${name}`];
    const completed = { spellings, describe, value: completedValue(flag) };
    if (!flag.isNegatable) return [completed];
    return [completed, { spellings: [`--no-${name}`], describe: `Not --${name}`, value: undefined }];
  });
}

function completedValue({ type, value, choices, names }: FlagSpecification): CompletedValue | undefined {
  if (type === 'boolean') return undefined;
  if (choices !== undefined) return { choices };
  if (names !== undefined) return { names };
  if (value === 'FILE') return 'file';
  return value === 'PID' ? 'pid' : 'text';
}
