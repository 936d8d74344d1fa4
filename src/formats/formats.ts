import { FOLDED } from './folded.js';
import type { Format } from './format.js';

/** Every data format. `-o`, `--format`, help, manual, completions and settings derive from it. */
export const FORMATS = [FOLDED] as const satisfies readonly Format[];
