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

/** The console of Linux, and what says that it can nothing. */
const PLAIN_TERMINALS = ['dumb', 'linux', undefined];

/** VS Code makes links of paths itself, and does not open the URL of another machine's file. */
function hasLinks({ TERM, TERM_PROGRAM, CI }: NodeJS.ProcessEnv): boolean {
  return process.stderr.isTTY && !CI && !PLAIN_TERMINALS.includes(TERM) && TERM_PROGRAM !== 'vscode';
}

/** With the machine's name, so that a terminal on another one knows that it has no such file. */
function fileUrl(path: string): string {
  const url = pathToFileURL(path);
  url.hostname = hostname();
  return url.href;
}

/**
 * What goes to standard error. Colour only on a terminal and without NO_COLOR. Every text may hold names that somebody
 * else has chosen, of files for one: here what they hold becomes visible, so that no terminal obeys them.
 */
export class Terminal {
  constructor(private readonly verbosity: Verbosity) {
    // Its reader has gone, or its disk is full: the work is done all the same.
    if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {});
  }

  error(text: string): void {
    this.#write(`${this.#paint('error:', RED)} ${visibleText(text)}`);
  }

  /** Below an error: what to type, for one. */
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

  /** Of several lines, as a stack is. */
  detail(text: string): void {
    if (this.verbosity === 'verbose') this.#write(this.#paint(visibleLines(text), DIM));
  }

  /** Bold, and to be clicked on where the terminal has links (OSC 8) and does not find paths by itself. */
  sayWritten(shown: string, path: string): void {
    const text = this.#paint(visibleText(shown), BOLD);
    const link = hasLinks(process.env) ? `${OSC_8};;${fileUrl(path)}${ST}${text}${OSC_8};;${ST}` : text;
    if (this.verbosity !== 'quiet') this.#write(`wrote ${link}`);
  }

  /** Shows `text` while the work lasts longer than a second; on a terminal only. */
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
