import type { ArtifactKind } from './build.js';

/**
 * How a binary of a workspace is called, in the spelling of cargo-nextest's binary ids: `pkg` (unit tests of its
 * library), `pkg::name` (integration test), `pkg::bin/name`, `pkg::example/name`, `pkg::bench/name`.
 */
export function binaryId(packageName: string, kind: ArtifactKind, targetName: string): string {
  switch (kind) {
    case 'lib':
      return packageName;
    case 'test':
      return `${packageName}::${targetName}`;
    default:
      return `${packageName}::${kind}/${targetName}`;
  }
}

/** rustdoc runs the examples of a package's documentation; they are no binaries of cargo's. */
export function doctestId(packageName: string | undefined): string {
  return packageName === undefined ? 'doctest' : `${packageName}::doctest`;
}
