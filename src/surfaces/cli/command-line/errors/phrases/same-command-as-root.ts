/** Advice for users who can become root. */
export const SAME_COMMAND_AS_ROOT = 'sudo -E env "PATH=$PATH" …   (the same command again, as root)';
