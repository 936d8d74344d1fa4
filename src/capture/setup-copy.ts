/** Path of a sampler that an administrator has installed with its capabilities; today nothing installs one. */
export function findSetupCopy(): string | undefined {
  return undefined;
}
