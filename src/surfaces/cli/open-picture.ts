import { pathToFileURL } from 'node:url';
import type { Terminal } from './terminal.js';

/** Whether somebody sits in front of this terminal with a display that can show a picture. */
export function canShowPicture(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const isRemote = Boolean(env.SSH_CONNECTION ?? env.SSH_TTY);
  const hasDisplay = process.platform === 'darwin' || Boolean(env.DISPLAY ?? env.WAYLAND_DISPLAY);
  return isTerminal && hasDisplay && !isRemote && !env.CI;
}

/** Opens the picture in the user's viewer; where that fails, the path that was printed has to do. */
export async function openPicture(path: string, terminal: Terminal): Promise<void> {
  try {
    const { default: open } = await import('open');
    const viewer = await open(pathToFileURL(path).href);
    viewer.on('error', (error) => terminal.warn(`cannot open a viewer: ${error.message}`));
  } catch (error) {
    terminal.warn(`cannot open a viewer: ${error instanceof Error ? error.message : error}`);
  }
}
