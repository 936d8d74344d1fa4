import type { ArtifactKind } from './build.js';

/**
 * The id of a workspace binary, as cargo-nextest spells it: `pkg` (unit tests of its library), `pkg::name` (integration
 * test), `pkg::bin/name`, `pkg::example/name`, `pkg::bench/name`.
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

/** rustdoc runs a package's documentation examples; cargo has no binary for them. */
export function doctestId(packageName: string | undefined): string {
  return packageName === undefined ? 'doctest' : `${packageName}::doctest`;
}
