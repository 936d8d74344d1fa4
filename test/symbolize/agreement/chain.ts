/** A function or inlined call as both symbolizers tell it; unknown names and files are empty, unknown numbers 0. */
export interface ChainFrame {
  name: string;
  file: string;
  line: number;
  column: number;
}

/** Innermost first. */
export type Chain = readonly ChainFrame[];

export function chainText(chain: Chain): string {
  return chain.map(({ name, file, line, column }) => `${name} ${file}:${line}:${column}`).join('\n');
}
