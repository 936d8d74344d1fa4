/**
 * A source path as people know it: `tokio-1.40.0/src/time.rs` for a registry checkout, `library/core/src/ptr.rs` for
 * the standard library. Shorter, and the reader's picture does not tell where the writer's home is.
 * Files below `sourceRoot` (the workspace) are shown from there.
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
