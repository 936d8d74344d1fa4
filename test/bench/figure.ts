/** One line of the table: no pass or fail, only what was measured beside what is aimed at. */
export interface Figure {
  name: string;
  measured: string;
  aim: string;
  /** The same thing without a profiler, or under another one, measured in the same run. */
  compared: string;
}

export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ name, measured, aim, compared }) => `| ${name} | ${measured} | ${aim} | ${compared} |`,
  );
  return ['| figure | measured | aim | compared in the same run |', '|---|---|---|---|', ...rows].join('\n');
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

export function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)} %`;
}

export function times(ratio: number): string {
  return `×${ratio.toFixed(2)}`;
}

export function milliseconds(ns: number): string {
  const ms = ns / 1e6;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
