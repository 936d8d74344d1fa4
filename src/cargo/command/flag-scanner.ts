/** Names with their dashes, including short ones (`--frequency`, `-F`). */
export interface FlagTable {
  withValue: ReadonlySet<string>;
  boolean: ReadonlySet<string>;
}

export interface ScannedFlag {
  kind: 'flag';
  /** Index of the first argument it was read from; flags of one cluster share it. */
  start: number;
  /** As typed, without its value: `-j` of `-j4`, `--bin` of `--bin=server`. */
  name: string;
  value: string | undefined;
  /** The arguments it was read from; a cluster like `-qr` is split. */
  tokens: string[];
}

export interface ScannedPositional {
  kind: 'positional';
  start: number;
  tokens: string[];
}

export type ScannedArgument = ScannedFlag | ScannedPositional;

/**
 * The flags and positionals of `args`, in order, up to a `--` (excluded). An unknown flag counts as boolean. As in clap, a
 * value does not start with a dash, except `-` alone and negative numbers; so `--bin --release` is two flags.
 */
export function* scanFlags(args: readonly string[], table: FlagTable): Generator<ScannedArgument> {
  for (let start = 0; start < args.length; ) {
    const token = args[start] as string;
    if (token === '--') return;
    if (!token.startsWith('-') || token === '-') {
      yield { kind: 'positional', start, tokens: [token] };
      start += 1;
      continue;
    }
    if (isCluster(token, table)) {
      for (const letter of token.slice(1)) yield flag(start, `-${letter}`, undefined, [`-${letter}`]);
      start += 1;
      continue;
    }
    const scanned = scanFlag(args, start, table);
    yield scanned;
    start += scanned.tokens.length;
  }
}

function scanFlag(args: readonly string[], start: number, table: FlagTable): ScannedFlag {
  const token = args[start] as string;
  const next = args[start + 1];
  const { name, attached } = splitToken(token, table);
  if (attached !== undefined) return flag(start, name, attached, [token]);
  if (!table.withValue.has(name) || next === undefined || !canBeValue(next))
    return flag(start, name, undefined, [token]);
  return flag(start, name, next, [token, next]);
}

/** Combined short booleans: `-qr`, `-vv`. */
function isCluster(token: string, table: FlagTable): boolean {
  return (
    /^-[A-Za-z]{2,}$/.test(token) && [...token.slice(1)].every((letter) => table.boolean.has(`-${letter}`))
  );
}

function splitToken(token: string, table: FlagTable): { name: string; attached: string | undefined } {
  if (token.startsWith('--')) {
    const equals = token.indexOf('=');
    if (equals < 0) return { name: token, attached: undefined };
    return { name: token.slice(0, equals), attached: token.slice(equals + 1) };
  }
  const short = token.slice(0, 2);
  if (token.length > 2 && table.withValue.has(short)) {
    return { name: short, attached: token.slice(token[2] === '=' ? 3 : 2) };
  }
  return { name: token, attached: undefined };
}

function canBeValue(token: string): boolean {
  return !token.startsWith('-') || token === '-' || /^-\d/.test(token);
}

function flag(start: number, name: string, value: string | undefined, tokens: string[]): ScannedFlag {
  return { kind: 'flag', start, name, value, tokens };
}
