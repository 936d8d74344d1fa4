import type { Shell } from '../../commands/commands.js';
import { bashScript } from './bash-script.js';
import { fishScript } from './fish-script.js';
import { grammarOf } from './places.js';
import { zshScript } from './zsh-script.js';

const WRITERS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The completions of `cargo profile-bee`, `cargo-profile-bee` and `profile-bee` for one shell. */
export function completionScript(shell: Shell): string {
  return WRITERS[shell](grammarOf('cargo-profile-bee'), grammarOf('profile-bee'));
}
