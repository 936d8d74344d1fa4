import type { ResolvedFrame } from '../../../../ffi/symbolizer.js';

const UNKNOWN = '??';

/** In llvm-symbolizer's format: for each frame its function and `file:line:column`, then an empty line. */
export function symbolText(frames: readonly ResolvedFrame[]): string {
  if (frames.length === 0) return `${UNKNOWN}\n${UNKNOWN}:0:0\n\n`;
  return `${frames.map(frameText).join('')}\n`;
}

function frameText({ name, file, line, column }: ResolvedFrame): string {
  return `${name || UNKNOWN}\n${file || UNKNOWN}:${line}:${column}\n`;
}
