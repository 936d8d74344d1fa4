/** Undefined if it was removed. A run without relative paths does not need it. */
export function workingDirectory(cwd: () => string = process.cwd): string | undefined {
  try {
    return cwd();
  } catch {
    return undefined;
  }
}

/** For libraries that read it on load without needing it. */
export async function withoutWorkingDirectory<T>(work: () => Promise<T>): Promise<T> {
  const { cwd } = process;
  process.cwd = () => workingDirectory(cwd) ?? '/';
  try {
    return await work();
  } finally {
    process.cwd = cwd;
  }
}

/** Whether an error is Node's about the working directory, as `path.resolve` throws it. */
export function isOfWorkingDirectory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd';
}
