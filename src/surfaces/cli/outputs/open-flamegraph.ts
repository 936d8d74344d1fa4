import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Terminal } from '../terminal/terminal.js';
import { chooseViewer, type Viewer, type ViewerFacts } from './choose-viewer.js';

/** A viewer that cannot start fails within this time; one that works may run for hours. */
const START_MS = 500;
/** PowerShell needs a while to pass the file on, and must not end with us before that. */
const WINDOWS_START_MS = 5000;
const QUESTION_MS = 2000;

/**
 * Opens the flamegraph in the user's viewer, if there is one; its path is already on the terminal in case that fails.
 *
 * @param wanted `--open`, `--no-open`, or neither
 */
export async function openFlamegraph(
  flamegraph: string,
  wanted: boolean | undefined,
  terminal: Terminal,
): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const viewer = viewerHere({ env: process.env, isTerminal, wanted, flamegraph });
  if (viewer.kind === 'none') return sayWhyNot(viewer, terminal);
  try {
    const startMs = viewer.kind === 'windows' ? WINDOWS_START_MS : START_MS;
    await Promise.race([startViewer(viewer, flamegraph).then(untilEnded), sleep(startMs)]);
  } catch (error) {
    terminal.warn(`cannot open a viewer: ${error instanceof Error ? error.message : error}`);
  }
}

/** How a flamegraph would be opened on this machine. */
export function viewerHere(facts: Pick<ViewerFacts, 'env' | 'isTerminal' | 'wanted' | 'flamegraph'>): Viewer {
  const isRoot = process.geteuid?.() === 0;
  return chooseViewer({ ...facts, platform: process.platform, isWsl: isWsl(), isRoot, isSnap });
}

function sayWhyNot({ why, isNote }: Extract<Viewer, { kind: 'none' }>, terminal: Terminal): void {
  if (isNote) terminal.note(`the flamegraph is not opened: ${why}`);
  else terminal.detail(`the flamegraph is not opened: ${why}`);
}

async function startViewer(
  viewer: Exclude<Viewer, { kind: 'none' }>,
  flamegraph: string,
): Promise<ChildProcess> {
  const url = pathToFileURL(flamegraph).href;
  if (viewer.kind === 'browser') return startBrowser(viewer.words, url);
  const { default: open, apps } = await import('open');
  if (viewer.kind === 'windows') return await open(flamegraph);
  try {
    return await open(url, { app: { name: apps.browser } }); // the default for SVG may be an editor
  } catch {
    return await open(url);
  }
}

/** In a session of its own, so that Ctrl-C here does not reach it. */
function startBrowser([command = '', ...words]: readonly string[], url: string): ChildProcess {
  const isPlaced = words.some((word) => word.includes('%s'));
  const args = isPlaced ? words.map((word) => word.replaceAll('%s', url)) : [...words, url];
  const browser = spawn(command, args, { detached: true, stdio: 'ignore' });
  browser.unref();
  return browser;
}

/** Rejects if the viewer cannot be started or fails. */
async function untilEnded(viewer: ChildProcess): Promise<void> {
  if (viewer.exitCode !== null) return;
  await new Promise<void>((resolve, reject) => {
    viewer.once('error', reject);
    viewer.once('exit', (code) => (code ? reject(new Error(`it exited with code ${code}`)) : resolve()));
  });
}

function isWsl(): boolean {
  try {
    return (
      /microsoft/i.test(readFileSync('/proc/sys/kernel/osrelease', 'utf8')) && !existsSync('/.dockerenv')
    );
  } catch {
    return false;
  }
}

/** Whether a command, or by default the default browser, is a snap: snapd names its desktop files `NAME_APP.desktop`. */
function isSnap(command: string | undefined): boolean {
  if (!existsSync('/snap') && !existsSync('/var/lib/snapd')) return false;
  if (command !== undefined) return /^\/(snap|var\/lib\/snapd)\//.test(whereIs(command));
  const asked = spawnSync('xdg-settings', ['get', 'default-web-browser'], {
    encoding: 'utf8',
    timeout: QUESTION_MS,
  });
  const name = asked.stdout?.trim() ?? '';
  return name !== '' && existsSync(join('/var/lib/snapd/desktop/applications', name));
}

/** Links of snap commands lead to `/usr/bin/snap`, so only the folder is checked. */
function whereIs(command: string): string {
  const folders = command.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
  if (found === undefined) return '';
  const real = realpathSync(found);
  return real === '/usr/bin/snap' ? '/snap/bin/' : real;
}
