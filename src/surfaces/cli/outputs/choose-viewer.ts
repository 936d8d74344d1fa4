import { basename, isAbsolute, relative } from 'node:path';

/** What decides how a picture is shown. */
export interface ViewerFacts {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** Standard input and error are a person's. */
  isTerminal: boolean;
  isWsl: boolean;
  /** Root by login, not by sudo. */
  isRoot: boolean;
  /** `--open` and `--no-open`. */
  wanted: boolean | undefined;
  /** Absolute. */
  picture: string;
  /** Whether what would open it is a snap; asked only where it matters, as it costs a process. */
  isSnap(command: string | undefined): boolean;
}

/**
 * `browser`: the words of `BROWSER`; `windows`: of the Windows around WSL; `desktop`: the user's default; `none`: the path
 * has to do, as a link where the terminal has them. `why` is for `--verbose`; with `isNote` the user would wonder.
 */
export type Viewer =
  | { kind: 'browser'; words: readonly string[] }
  | { kind: 'windows' }
  | { kind: 'desktop' }
  | { kind: 'none'; why: string; isNote?: boolean };

/** Which would take the terminal over. */
const TEXT_BROWSERS = ['w3m', 'lynx', 'links', 'links2', 'elinks', 'www-browser'];

/** The user's own viewer, or none where the attempt would fail, or show the picture to nobody. */
export function chooseViewer(facts: ViewerFacts): Viewer {
  const { env, wanted, isTerminal } = facts;
  if (wanted === false) return none('--no-open');
  const there = viewerOf(facts);
  if (there.kind === 'none' || wanted === true) return there;
  if (env.CI) return none('this is CI');
  if (!isTerminal) return none('nobody sits at a terminal');
  return remoteReason(env) ?? there;
}

/** The picture would open where nobody looks, or as text in an editor. */
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

/** A snap has a /tmp of its own and may read a home, without what is hidden at its top. */
function snapViewer({ env, picture }: ViewerFacts, viewer: Viewer): Viewer {
  const below = relative(env.HOME ?? '/', picture);
  const isReadable = env.HOME !== undefined && !below.startsWith('.') && !isAbsolute(below);
  return isReadable ? viewer : none(`the browser is a snap, which cannot read ${picture}`, true);
}

/** Of the first that shows pictures in `BROWSER`, a list as xdg-open takes it. */
function browserWords(browsers = ''): string[] | undefined {
  return browsers
    .split(':')
    .map((browser) => browser.split(/\s+/).filter(Boolean))
    .find(([command]) => command !== undefined && !TEXT_BROWSERS.includes(basename(command)));
}

function none(why: string, isNote = false): Viewer {
  return isNote ? { kind: 'none', why, isNote } : { kind: 'none', why };
}
