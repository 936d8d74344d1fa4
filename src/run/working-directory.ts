/** Undefined: it has been removed. A run that names nothing relative to it needs none. */
export function workingDirectory(cwd: () => string = process.cwd): string | undefined {
  try {
    return cwd();
  } catch {
    return undefined;
  }
}

/** For code of others that asks for it when it is loaded, and has no use for it. */
export async function withoutWorkingDirectory<T>(work: () => Promise<T>): Promise<T> {
  const { cwd } = process;
  process.cwd = () => workingDirectory(cwd) ?? '/';
  try {
    return await work();
  } finally {
    process.cwd = cwd;
  }
}

/** Whether an error is of Node, looking for it, as `path.resolve` does. */
export function isOfWorkingDirectory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd';
}
