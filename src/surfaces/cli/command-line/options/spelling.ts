import type { Flags } from '../parse-flags.js';

/** What an error calls a value, in front of it: `--event`, or `profile-bee.toml:3: event =` where that set it. */
export function spelling(flags: Flags, key: keyof Flags): string {
  const place = flags.places?.[key];
  return place === undefined ? `--${kebabCase(key)}` : `${place}: ${kebabCase(key)} =`;
}

/** `summaryJson` → `summary-json`, as flags and settings are written. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
