import type { DownloadReport } from '../symbolize/debuginfod/debug-downloads.js';
import { enumerate } from './enumerate.js';
import { formatQuantity } from './format-count.js';
import type { Problem } from './problem-list.js';

/** What was asked for and did not come, and what came after the `waitMs` that the picture waits. */
export function debugFileProblems({ late, failures }: DownloadReport, waitMs: number): Problem[] {
  const problems = failures.map(
    ({ place, why, files }): Problem => ({
      code: 'debug-files',
      message: `${place} ${why} (${enumerate(files)})`,
    }),
  );
  if (late.length === 0) return problems;
  const message = `${formatQuantity(late.length, 'debug file')} came too late for the picture (${enumerate(late)}): --debuginfod-wait SECONDS waits longer than ${waitMs / 1000}`;
  return [...problems, { code: 'debug-files-late', message }];
}
