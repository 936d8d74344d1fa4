import type { RecordOptions } from './options.js';

const RED = 31;
const YELLOW = 33;
const BOLD = 1;
const DIM = 2;

/** What goes to standard error. Colour only on a terminal and without NO_COLOR. */
export class Terminal {
  constructor(private readonly verbosity: RecordOptions['verbosity']) {}

  error(text: string): void {
    this.#write(`${this.#paint('error:', RED)} ${text}`);
  }

  warn(text: string): void {
    if (this.verbosity !== 'quiet') this.#write(`${this.#paint('warning:', YELLOW)} ${text}`);
  }

  say(text: string): void {
    if (this.verbosity !== 'quiet') this.#write(text);
  }

  note(text: string): void {
    this.say(`note: ${text}`);
  }

  detail(text: string): void {
    if (this.verbosity === 'verbose') this.#write(this.#paint(text, DIM));
  }

  bold(text: string): string {
    return this.#paint(text, BOLD);
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
