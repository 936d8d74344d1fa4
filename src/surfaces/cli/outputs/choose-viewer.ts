import { basename, isAbsolute, relative } from 'node:path';

/** What decides how a flamegraph is opened. */
export interface ViewerFacts {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** Standard input and error are terminals. */
  isTerminal: boolean;
  isWsl: boolean;
  /** Root by login, not by sudo. */
  isRoot: boolean;
  /** `--open` and `--no-open`. */
  wanted: boolean | undefined;
  /** Absolute. */
  flamegraph: string;
  /** Whether the viewer is a snap; called only if it matters, as it starts a process. */
  isSnap(command: string | undefined): boolean;
}

/**
 * `browser`: the words of `BROWSER`; `windows`: Windows' viewer, under WSL; `desktop`: the user's default; `none`: only the
 * path is printed, as a link if the terminal supports links. `why` is for `--verbose`; with `isNote`, it is always shown,
 * because the user would wonder.
 */
export type Viewer =
  | { kind: 'browser'; words: readonly string[] }
  | { kind: 'windows' }
  | { kind: 'desktop' }
  | { kind: 'none'; why: string; isNote?: boolean };

/** They would take over the terminal. */
const TEXT_BROWSERS = ['w3m', 'lynx', 'links', 'links2', 'elinks', 'www-browser'];

/** The user's own viewer, or none if opening would fail or nobody would see it. */
export function chooseViewer(facts: ViewerFacts): Viewer {
  const { env, wanted, isTerminal } = facts;
  if (wanted === false) return none('--no-open');
  const there = viewerOf(facts);
  if (there.kind === 'none' || wanted === true) return there;
  if (env.CI) return none('this is CI');
  if (!isTerminal) return none('there is no terminal');
  return remoteReason(env) ?? there;
}

/** Why it would open where nobody looks, or as text in an editor. */
function remoteReason(env: ViewerFacts['env']): Viewer | undefined {
  if (env.CODESPACES) return none('this is a codespace');
  if (env.VSCODE_IPC_HOOK_CLI) return none('this is a remote window of VS Code');
  if (env.SSH_CONNECTION ?? env.SSH_CLIENT ?? env.SSH_TTY) return none('this is an SSH session');
  return undefined;
}

function viewerOf(facts: ViewerFacts): Viewer {
  const { env, platform, isWsl, isRoot, wanted, isSnap } = facts;
  const words = browserWords(env.BROWSER);
  if (words !== undefined)
    return isSnap(words[0]) ? snapViewer(facts, { kind: 'browser', words }) : { kind: 'browser', words };
  if (platform === 'darwin') return { kind: 'desktop' };
  if (isWsl) return { kind: 'windows' };
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return none('there is no display', wanted);
  if (isRoot && wanted !== true) return none('browsers refuse to be started by root');
  return isSnap(undefined) ? snapViewer(facts, { kind: 'desktop' }) : { kind: 'desktop' };
}

/** A snap has its own /tmp and may read the home directory except for hidden files at its top level. */
function snapViewer({ env, flamegraph }: ViewerFacts, viewer: Viewer): Viewer {
  const below = relative(env.HOME ?? '/', flamegraph);
  const isReadable = env.HOME !== undefined && !below.startsWith('.') && !isAbsolute(below);
  return isReadable ? viewer : none(`the browser is a snap, which cannot read ${flamegraph}`, true);
}

/** The first graphical browser in `BROWSER`, a list as in xdg-open. */
function browserWords(browsers = ''): string[] | undefined {
  return browsers
    .split(':')
    .map((browser) => browser.split(/\s+/).filter(Boolean))
    .find(([command]) => command !== undefined && !TEXT_BROWSERS.includes(basename(command)));
}

function none(why: string, isNote = false): Viewer {
  return isNote ? { kind: 'none', why, isNote } : { kind: 'none', why };
}
