import { type Problem, ProblemList } from '../../../../account/problems/problem-list.js';
import { readElfFacts } from '../../../../ffi/elf-facts.js';
import type { ResolvedAddresses } from '../../../../ffi/symbolizer.js';
import { DEMANGLINGS } from '../../../../ffi/symbolizer.js';
import { debuginfodSettings } from '../../../../symbolize/debuginfod/settings.js';
import { symbolizeFile } from '../../../../symbolize/symbolize-file.js';
import { oneOf } from '../../command-line/options/one-of.js';
import { printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import type { CommandLine } from '../command.js';
import { parseAddresses } from './parse-addresses.js';
import { symbolText } from './symbol-text.js';
import { unreadableFile } from './unreadable-file.js';

/** Addresses symbolized per call. */
const PIECE = 4096;

/**
 * Prints for each address of standard input the text of `llvm-symbolizer --inlines`. Throws UsageError, also for a line
 * that is not an address, before anything is printed; WriteFailure.
 */
export async function printSymbols({ operand, values }: CommandLine): Promise<number> {
  const path = operand!;
  const demangle = oneOf('--demangle', (values.demangle as string | undefined) ?? 'full', DEMANGLINGS);
  checkFile(path);
  const earlierDownloads = debuginfodSettings(process.env)?.cacheFolder;
  const addresses = parseAddresses(await standardInput());
  const resolved = await symbolizeFile(path, addresses, { demangle, isLikeLlvm: true }, earlierDownloads);
  const problems = resolved.problems.map(
    ({ message }): Problem => ({
      code: 'symbols',
      message: `${path}: ${message}`,
    }),
  );
  for (const problem of new ProblemList(problems).takeUnsaid()) new Terminal('normal').warn(problem);
  await print(resolved);
  return 0;
}

async function print(resolved: ResolvedAddresses): Promise<void> {
  for (let first = 0; first < resolved.length; first += PIECE) {
    const size = Math.min(PIECE, resolved.length - first);
    const texts = Array.from({ length: size }, (_, index) => symbolText(resolved.framesAt(first + index)));
    if (!(await printText(texts.join('')))) return;
  }
}

/** Reports a bad file before waiting for addresses. */
function checkFile(path: string): void {
  try {
    readElfFacts(path);
  } catch (error) {
    throw unreadableFile(error);
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
