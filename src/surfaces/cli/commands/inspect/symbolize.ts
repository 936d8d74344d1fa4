import { ProblemList } from '../../../../account/problem-list.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { useDebugCache } from '../../../../ffi/debug-files.js';
import { readElfFacts } from '../../../../ffi/elf-facts.js';
import type { Demangling, ResolvedAddresses } from '../../../../ffi/symbolizer.js';
import { DEMANGLINGS } from '../../../../ffi/symbolizer.js';
import { debuginfodSettings } from '../../../../symbolize/debuginfod/settings.js';
import { symbolizeFile } from '../../../../symbolize/symbolize-file.js';
import { printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import { onlyFile } from './only-file.js';
import { parseAddresses } from './parse-addresses.js';
import { symbolText } from './symbol-text.js';
import { unreadableFile } from './unreadable-file.js';

/** Addresses whose text is made at once. */
const PIECE = 4096;

/**
 * Answers each address of standard input with the text of `llvm-symbolizer --inlines`. Throws UsageError, also for
 * a line that is no address, before anything is printed; WriteFailure.
 */
export async function printSymbols(args: readonly string[], corrected: string): Promise<void> {
  const { path, demangle } = parseArguments(args, corrected);
  checkFile(path);
  const settings = debuginfodSettings(process.env);
  if (settings !== undefined) useDebugCache(settings.cacheFolder); // what others have asked for; nobody is asked here
  const addresses = parseAddresses(await standardInput());
  const resolved = await symbolizeFile(path, addresses, { demangle, isLikeLlvm: true });
  const problems = resolved.problems.map(({ message }) => ({
    code: 'symbols',
    message: `${path}: ${message}`,
  }));
  for (const problem of new ProblemList(problems).takeUnsaid()) new Terminal('normal').warn(problem);
  await print(resolved);
}

async function print(resolved: ResolvedAddresses): Promise<void> {
  for (let first = 0; first < resolved.length; first += PIECE) {
    const size = Math.min(PIECE, resolved.length - first);
    const texts = Array.from({ length: size }, (_, index) => symbolText(resolved.framesAt(first + index)));
    if (!(await printText(texts.join('')))) return;
  }
}

function parseArguments(args: readonly string[], corrected: string): { path: string; demangle: Demangling } {
  const words: string[] = [];
  let demangle: Demangling = 'full';
  for (let at = 0; at < args.length; at++) {
    const [flag, value] = splitFlag(args[at] ?? '');
    if (flag === '--demangle') demangle = parseDemangling(value ?? args[++at], corrected);
    else if (flag.startsWith('-')) throw new UsageError(`inspect symbolize does not know ${flag}`, corrected);
    else words.push(args[at] ?? '');
  }
  return { path: onlyFile('symbolize', words, corrected), demangle };
}

function splitFlag(argument: string): [flag: string, value: string | undefined] {
  const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function parseDemangling(value: string | undefined, corrected: string): Demangling {
  const known = DEMANGLINGS.find((demangling) => demangling === value);
  if (known !== undefined) return known;
  throw new UsageError(`--demangle takes ${DEMANGLINGS.join(', ')}, not ${value ?? 'nothing'}`, corrected);
}

/** Says what is wrong with the file before the addresses are waited for. */
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
