import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** An open descriptor of a process, from /proc. */
export interface OpenDescriptor {
  number: number;
  /** A path, `socket:[1]`, `pipe:[1]`, `anon_inode:[eventpoll]`, … */
  file: string;
  /** 0: read, 1: write, 2: both. */
  access: number;
  isCloseOnExec: boolean;
}

const CLOSE_ON_EXEC = 0o2000000;
const ACCESS_MODE = 0o3;
const FIRST_AFTER_STANDARD = 3;
/** What Node 20 to 24 have open when our first line runs, besides pipes to themselves. */
const NODES_OWN = new Set(['anon_inode:[eventpoll]', 'anon_inode:[eventfd]', 'anon_inode:[io_uring]']);

let inherited: readonly number[] = [];

/**
 * Call it before this process opens anything. It records what was passed in: sockets from a service manager (LISTEN_FDS), a
 * make job server, `3<file`. Node marks them close-on-exec at start, so cargo and its program would not get them.
 */
export function noteInheritedDescriptors(): void {
  inherited = closedByNode(openDescriptors('self'), () =>
    openDescriptors(process.ppid).map(({ file }) => file),
  );
}

/**
 * The part of a child's `stdio` after the standard three: the child gets what cargo gets from a shell, at the same numbers.
 * 'ignore' there opens nothing; the number stays closed.
 */
export function inheritedStdio(): ('inherit' | 'ignore')[] {
  const length = (inherited.at(-1) ?? 0) + 1 - FIRST_AFTER_STANDARD;
  return Array.from({ length: Math.max(0, length) }, (_, index) =>
    inherited.includes(index + FIRST_AFTER_STANDARD) ? 'inherit' : 'ignore',
  );
}

/** Whether this process was started with it, the standard three excluded. */
export function isInherited(descriptor: number): boolean {
  return inherited.includes(descriptor);
}

/**
 * The inherited numbers, ascending, that will not reach a child by themselves. A pipe with both ends in this process is
 * Node's own, unless the parent has it too, as make has its job server's.
 */
export function closedByNode(
  open: readonly OpenDescriptor[],
  filesOfParent: () => readonly string[],
): number[] {
  const candidates = open.filter(
    ({ number, file, isCloseOnExec }) =>
      number >= FIRST_AFTER_STANDARD && isCloseOnExec && !NODES_OWN.has(file),
  );
  const isWhole = ({ file, access }: OpenDescriptor) =>
    file.startsWith('pipe:') && candidates.some((other) => other.file === file && other.access !== access);
  const shared = new Set(candidates.some(isWhole) ? filesOfParent() : []);
  return candidates
    .filter((candidate) => !isWhole(candidate) || shared.has(candidate.file))
    .map(({ number }) => number)
    .sort((one, other) => one - other);
}

/** Empty if /proc is missing or not readable for us. */
function openDescriptors(pid: number | 'self'): OpenDescriptor[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => readDescriptor(pid, name) ?? []);
  } catch {
    return [];
  }
}

/** Undefined: already closed, such as the descriptor that lists the folder. */
function readDescriptor(pid: number | 'self', name: string): OpenDescriptor | undefined {
  try {
    const file = readlinkSync(`/proc/${pid}/fd/${name}`);
    const [, octal = '0'] =
      /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8')) ?? [];
    const flags = Number.parseInt(octal, 8);
    const isCloseOnExec = (flags & CLOSE_ON_EXEC) !== 0;
    return { number: Number(name), file, access: flags & ACCESS_MODE, isCloseOnExec };
  } catch {
    return undefined;
  }
}
