import { enumerate } from '../account/enumerate.js';
import type { Problem } from '../account/problem-list.js';
import type { Summary } from '../account/summary.js';
import type { CaptureSession } from '../capture/capture-session.js';
import { DebugDownloads, type DownloadReport } from '../symbolize/debuginfod/debug-downloads.js';
import { debuginfodSettings } from '../symbolize/debuginfod/settings.js';
import type { RunInProgress } from './run-in-progress.js';

/** Debug files are asked for from now on; undefined where DEBUGINFOD_URLS names no server. */
export function askForDebugFiles(session: CaptureSession, summary: Summary): DebugDownloads | undefined {
  const settings = debuginfodSettings(process.env);
  if (settings === undefined) return undefined;
  const refused = settings.refused.map((why) => `DEBUGINFOD_URLS: ${why}`);
  summary.problems.addAll(refused.map((message) => ({ code: 'debuginfod-url', message })));
  return new DebugDownloads(session.native, settings);
}

/** Waits for what is still to come, within the bounds that were asked for. */
export async function awaitDebugFiles(run: RunInProgress): Promise<void> {
  const { debugDownloads, options, summary, interrupts, terminal } = run;
  if (debugDownloads === undefined) return;
  const settling = interrupts.orThrow(debugDownloads.settle(options.debuginfodWaitMs));
  const report = await terminal.progress('waiting for debug files', settling);
  summary.problems.addAll(debugFileProblems(report, options.debuginfodWaitMs));
  if (report.asked > 0)
    terminal.note(`${filesText(report.asked)} asked for by build id, ${report.came} came`);
}

export function debugFileProblems({ late, failures }: DownloadReport, waitMs: number): Problem[] {
  const problems = failures.map(
    ({ place, why, files }): Problem => ({
      code: 'debug-files',
      message: `${place} ${why} (${enumerate(files)})`,
    }),
  );
  if (late.length === 0) return problems;
  const message = `${filesText(late.length)} came too late for the picture (${enumerate(late)}): --debuginfod-wait SECONDS waits longer than ${waitMs / 1000}`;
  return [...problems, { code: 'debug-files-late', message }];
}

function filesText(count: number): string {
  return count === 1 ? '1 debug file' : `${count} debug files`;
}
