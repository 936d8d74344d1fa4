import { nearestName } from '../../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { explain } from '../../command-line/explain.js';
import { printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import { INSPECTIONS, type InspectionWord } from '../commands.js';
import { onlyFile } from './only-file.js';

/** What can be inspected. `run` throws UsageError or WriteFailure. */
interface Subcommand {
  usage: string;
  describe: string;
  /** Checks its arguments itself; `corrected` is the line that is right. */
  run(args: readonly string[], corrected: string): Promise<void>;
}

const SUBCOMMANDS: Record<InspectionWord, Subcommand> = {
  symbolize: {
    usage: 'symbolize [--demangle full|simple|none] ELF < ADDRESSES',
    describe: 'Functions, inlined calls and lines at hexadecimal addresses of the file, one address a line',
    run: async (args, corrected) => (await import('./symbolize.js')).printSymbols(args, corrected),
  },
  'unwind-table': {
    usage: 'unwind-table ELF',
    describe: 'The rows by which stacks are unwound: address, CFA, frame pointer, return address',
    run: async (args, corrected) => {
      const path = onlyFile('unwind-table', args, corrected);
      await (await import('./unwind-table.js')).printUnwindTable(path);
    },
  },
};

/** `inspect WHAT …`; resolves with the exit code. */
export async function inspect(argv: readonly string[], invokedAs: string): Promise<number> {
  try {
    const [word, ...args] = argv;
    if (isHelp(argv)) await printText(helpText(invokedAs));
    else await run(word, args, invokedAs);
    return 0;
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}

function isHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

async function run(typed: string | undefined, args: readonly string[], invokedAs: string): Promise<void> {
  const word = INSPECTIONS.find((known) => known === typed);
  if (word === undefined) throw unknownWord(typed, invokedAs);
  const { usage, run } = SUBCOMMANDS[word];
  await run(args, `${invokedAs} inspect ${usage}`);
}

function unknownWord(typed: string | undefined, invokedAs: string): UsageError {
  const known = INSPECTIONS.join(', ');
  if (typed === undefined) return new UsageError(`inspect: what? ${known}`, `${invokedAs} inspect --help`);
  const nearest = nearestName(typed, INSPECTIONS);
  return new UsageError(
    `inspect does not know ${typed}; it knows ${known}`,
    nearest === undefined ? '' : `did you mean ${nearest}?`,
  );
}

function helpText(invokedAs: string): string {
  const usages = INSPECTIONS.map((word) => SUBCOMMANDS[word]);
  const lines = usages.map(({ usage, describe }) => `  ${invokedAs} inspect ${usage}\n      ${describe}\n`);
  return `Prints what the profiler reads in an ELF file, in the spelling of binutils and LLVM.\n\n${lines.join('')}`;
}
