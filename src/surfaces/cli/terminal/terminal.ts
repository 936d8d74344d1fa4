import { hostname } from 'node:os';
import { pathToFileURL } from 'node:url';
import { visibleLines, visibleText } from '../../../render/visible-text.js';

const RED = 31;
const YELLOW = 33;
const BOLD = 1;
const DIM = 2;

const OSC_8 = '\u001b]8';
const ST = '\u001b\\';
export type Verbosity = 'quiet' | 'normal' | 'verbose';

/** The Linux console, and terminals without features. */
const PLAIN_TERMINALS = ['dumb', 'linux', undefined];

/** VS Code turns paths into links itself, and does not open file URLs of another machine. */
function hasLinks({ TERM, TERM_PROGRAM, CI }: NodeJS.ProcessEnv): boolean {
  return process.stderr.isTTY && !CI && !PLAIN_TERMINALS.includes(TERM) && TERM_PROGRAM !== 'vscode';
}

/** Includes the host name, so that a terminal on another machine knows that it lacks the file. */
function fileUrl(path: string): string {
  const url = pathToFileURL(path);
  url.hostname = hostname();
  return url.href;
}

/**
 * Writes to standard error. Colour only on a terminal and without NO_COLOR. Any text may contain names that others chose,
 * such as file names: control characters in them are made visible here, so that no terminal obeys them.
 */
export class Terminal {
  constructor(private readonly verbosity: Verbosity) {
    // A closed reader or a full disk must not stop the work.
    if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {});
  }

  error(text: string): void {
    this.#write(`${this.#paint('error:', RED)} ${visibleText(text)}`);
  }

  /** Below an error: for example what to type. */
  below(text: string): void {
    this.#write(`  ${visibleText(text)}`);
  }

  warn(text: string): void {
    if (this.verbosity !== 'quiet') this.#write(`${this.#paint('warning:', YELLOW)} ${visibleText(text)}`);
  }

  say(text: string): void {
    if (this.verbosity !== 'quiet') this.#write(visibleText(text));
  }

  note(text: string): void {
    this.say(`note: ${text}`);
  }

  /** May have several lines, as a stack does. */
  detail(text: string): void {
    if (this.verbosity === 'verbose') this.#write(this.#paint(visibleLines(text), DIM));
  }

  /** Bold, and a link if the terminal supports them (OSC 8) and does not detect paths itself. */
  sayWritten(shown: string, path: string): void {
    const text = this.#paint(visibleText(shown), BOLD);
    const link = hasLinks(process.env) ? `${OSC_8};;${fileUrl(path)}${ST}${text}${OSC_8};;${ST}` : text;
    if (this.verbosity !== 'quiet') this.#write(`wrote ${link}`);
  }

  /** Shows `text` if the work takes longer than a second; only on a terminal. */
  async progress<T>(text: string, work: Promise<T>): Promise<T> {
    if (this.verbosity === 'quiet' || !process.stderr.isTTY) return await work;
    let stop = () => {};
    const timer = setTimeout(async () => {
      const { default: ora } = await import('ora');
      const spinner = ora({ text, discardStdin: false, stream: process.stderr }).start();
      stop = () => spinner.stop();
    }, 1000);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  #write(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  #paint(text: string, code: number): string {
    const isColoured = process.stderr.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
    return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
