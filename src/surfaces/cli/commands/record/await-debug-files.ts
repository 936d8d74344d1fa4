import { formatQuantity } from '../../../../account/format-count.js';
import { debugFileProblems } from '../../../../account/problems/debug-file-problems.js';
import type { RunFacts } from '../../../../account/run-facts.js';
import type { CaptureSession } from '../../../../capture/capture-session.js';
import { DebugDownloads } from '../../../../symbolize/debuginfod/debug-downloads.js';
import { debuginfodSettings } from '../../../../symbolize/debuginfod/settings.js';
import type { RunInProgress } from './run-in-progress.js';

/** Starts downloading debug files; undefined if DEBUGINFOD_URLS names no server. */
export function askForDebugFiles(session: CaptureSession, facts: RunFacts): DebugDownloads | undefined {
  const settings = debuginfodSettings(process.env);
  if (settings === undefined) return undefined;
  const refused = settings.refused.map((why) => `DEBUGINFOD_URLS: ${why}`);
  facts.problems.addAll(refused.map((message) => ({ code: 'debuginfod-url', message })));
  return new DebugDownloads(session.native, settings);
}

/** Waits for unfinished downloads, up to the configured time. */
export async function awaitDebugFiles(run: RunInProgress): Promise<void> {
  const { debugDownloads, options, facts, interrupts, terminal } = run;
  if (debugDownloads === undefined) return;
  const settling = interrupts.orThrow(debugDownloads.settle(options.debuginfodWaitMs));
  const report = await terminal.progress('waiting for debug files', settling);
  facts.problems.addAll(debugFileProblems(report, options.debuginfodWaitMs));
  if (report.asked > 0)
    terminal.note(
      `${formatQuantity(report.asked, 'debug file')} requested by build id, ${report.came} received`,
    );
}
