import type { Block } from './page.js';

/** What a block tells a shell to do. */
export interface ShellScript {
  text: string;
  /** Files that its commands name as their outputs; a name with `*` stands for any that match. */
  outputs: string[];
  /** What a `console` block shows that is printed. */
  printed: string[];
}

const OUTPUT = /(?<=\s)(?:--svg|--collapse|--summary-json|--raw-samples|--output|-o|>) (\S+)/g;
/** In a comment behind a command. */
const EXIT_CODE = /^(.*\S)\s+#.*\bexit code (\d+)(?: or (\d+))?\b/;

/** Ends with the first command that does not end as the page says, and names it. */
export function shellScript(block: Block): ShellScript {
  const isConsole = block.language === 'console';
  const commands = isConsole
    ? block.lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
    : block.lines;
  return {
    text: [...PREAMBLE, ...commands.map(withExpectedCode)].join('\n'),
    outputs: [...new Set(commands.flatMap(outputsOf))],
    printed: isConsole ? block.lines.filter((line) => !line.startsWith('$ ')) : [],
  };
}

/** What is started in the background ends with the block. */
const PREAMBLE = [
  'set -eE -o pipefail',
  `trap 'echo "this command ended with $?: $BASH_COMMAND"' ERR`,
  `trap 'jobs -p | xargs -r kill' EXIT`,
];

function withExpectedCode(line: string): string {
  const [, command, ...codes] = EXIT_CODE.exec(line) ?? [];
  const sourced = /^source <\((.+)\)$/.exec(line)?.[1];
  // bash does not look at how a substituted process ends. The text is for a shell that goes on after a command fails.
  if (sourced !== undefined) return `${sourced} > "$TMPDIR/sourced"; source "$TMPDIR/sourced" || exit`;
  if (command === undefined) return line;
  const expected = codes.filter((code) => code !== undefined).join('|');
  const message = `echo "ended with $code and not with ${expected}:" '${command.replaceAll("'", '"')}'`;
  return `code=0; ${command} || code=$?; case $code in ${expected}) ;; *) ${message}; exit 1;; esac`;
}

/** Not of a command that is refused: it writes nothing. */
function outputsOf(line: string): string[] {
  if (/# exit code (2|77|101)\b/.test(line)) return [];
  const command = line.replace(/\s+#.*$/, '');
  const names = [...command.matchAll(OUTPUT)].map(([, name]) => name!.replace(/%[nt]/, '*'));
  return command.includes('--split') ? names.map((name) => name.replace(/(?=\.[^.]+$)/, '-*')) : names;
}

/**
 * A line of a page as a pattern for what is printed: numbers are any numbers, `…` is anything. Of a quality line each part
 * is a pattern, as a busy machine says more.
 */
export function patternsOf(line: string): RegExp[] {
  return line.split(' · ').map((part) => {
    const literals = part.trim().split(/(…|\d[\d,.]*)/);
    const pattern = literals.map((text, index) => {
      if (index % 2 === 0) return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return text === '…' ? '.*' : '\\d[\\d,.]*';
    });
    return new RegExp(pattern.join(''));
  });
}
