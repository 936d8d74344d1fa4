import type { Picture } from './picture.js';
import { SVG } from './svg.js';

/** Every picture. `-o`, `--format`, help, manual, completions and settings derive from it. */
export const PICTURES = [SVG] as const satisfies readonly Picture[];
