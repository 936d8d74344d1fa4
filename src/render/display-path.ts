/**
 * A source path in its familiar form: `tokio-1.40.0/src/time.rs` for a registry checkout, `library/core/src/ptr.rs` for the
 * standard library. Shorter, and it does not reveal the writer's home directory. Files below `sourceRoot` (the workspace)
 * are relative to it.
 */
export function displayPath(file: string, sourceRoot = ''): string {
  const root = sourceRoot.replace(/\/*$/, '/');
  if (root !== '/' && file.startsWith(root)) return file.slice(root.length);
  return file
    .replace(/^.*\/registry\/src\/[^/]+\//, '')
    .replace(/^.*\/git\/checkouts\//, '')
    .replace(/^\/rustc\/[0-9a-f.]+\//, '')
    .replace(/^.*\/lib\/rustlib\/src\/rust\//, '');
}
