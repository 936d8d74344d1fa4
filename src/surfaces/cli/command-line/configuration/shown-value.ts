const SHOWN_LETTERS = 60;

/** A TOML value for an error: scalars as written, others by kind. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  if (value === null) return 'inf or nan'; // cargo's JSON has no other representation
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date || isCargoDate(value)) return 'a date';
  return typeof value === 'object' ? 'a table' : String(value);
}

/** A TOML key for an error: bare if possible. */
export function shownKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : quoted(key);
}

/** On one line, of limited length, without control characters: anybody may have written the file. */
function quoted(text: string): string {
  const short = text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text;
  return JSON.stringify(short).replace(
    /[\x7f-\x9f\u2028-\u202e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As `cargo metadata` writes a date. */
function isCargoDate(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '$__toml_private_datetime');
}
