/** For whoever may become root at all. */
export const SAME_COMMAND_AS_ROOT = 'sudo -E env "PATH=$PATH" …   (the same command again, as root)';
