import type { Flags } from '../parse-flags.js';

/** The prefix of a value in errors: `--event`, or `profile-bee.toml:3: event =` if it was configured there. */
export function spelling(flags: Flags, key: keyof Flags): string {
  const place = flags.places?.[key];
  return place === undefined ? `--${kebabCase(key)}` : `${place}: ${kebabCase(key)} =`;
}

/** `summaryJson` → `summary-json`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
