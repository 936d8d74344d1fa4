import type { ValueType } from '../profile/profile.js';

/** `1234567` → `1,234,567`, independent of the locale. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `12.3 %`; two digits below one percent; `<0.01 %` for what would round to none. */
export function formatPercent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  const percent = (100 * part) / whole;
  if (percent < 0.01) return '<0.01 %';
  return `${percent.toFixed(percent < 1 ? 2 : 1)} %`;
}

/** `1 frame`, `2 frames`, `1,000 frames`. */
export function formatQuantity(count: number, singular: string): string {
  return `${formatCount(count)} ${singular}${count === 1 ? '' : 's'}`;
}

/** `1,000 samples`, `12.50 ms`: a value of a profile. */
export function formatValue(value: number, type: ValueType): string {
  return type.unit === 'count'
    ? formatQuantity(value, type.name.replace(/s$/, ''))
    : formatAmount(value, type);
}

/** `1,000`, `12.50 ms`: where it is clear what is counted. */
export function formatAmount(value: number, { unit }: ValueType): string {
  if (unit === 'count') return formatCount(value);
  return unit === 'microseconds' ? formatMicroseconds(value) : `${formatCount(value)} ${unit}`;
}

function formatMicroseconds(us: number): string {
  if (us < 1e3) return `${us} µs`;
  return us < 1e6 ? `${(us / 1e3).toFixed(2)} ms` : `${(us / 1e6).toFixed(2)} s`;
}
