import { explain } from '../command-line/explain.js';
import { printText } from './print-text.js';
import { Terminal } from './terminal.js';

/** For what is only printed; resolves with the exit code. */
export async function printOrExplain(text: string): Promise<number> {
  try {
    await printText(text);
    return 0;
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}
