import type { DownloadReport } from '../../symbolize/debuginfod/debug-downloads.js';
import { enumerate } from '../enumerate.js';
import { formatQuantity } from '../format-count.js';
import type { Problem } from './problem-list.js';

/** Downloads that failed, and files that arrived after the `waitMs` that the flamegraph waits for them. */
export function debugFileProblems({ late, failures }: DownloadReport, waitMs: number): Problem[] {
  const problems = failures.map(
    ({ place, why, files }): Problem => ({
      code: 'debug-files',
      message: `${place} ${why} (${enumerate(files)})`,
    }),
  );
  if (late.length === 0) return problems;
  const message = `${formatQuantity(late.length, 'debug file')} arrived too late for the flamegraph (${enumerate(late)}): raise --debuginfod-wait above ${waitMs / 1000} (seconds)`;
  return [...problems, { code: 'debug-files-late', message }];
}
