import { accountOf } from '../../../../account/account.js';
import { measurementProblems } from '../../../../account/problems/measurement-problems.js';
import type { Problem } from '../../../../account/problems/problem-list.js';
import { replacedProblem } from '../../../../account/problems/replaced-problem.js';
import { qualityProblems } from '../../../../account/quality.js';
import type { ObservedProcess } from '../../../../capture/capture-session.js';
import type { SymbolProblem } from '../../../../ffi/symbolizer.js';
import type { Snapshot } from '../../../../run/run.js';
import { groupingProblems } from '../../../../run/run-grouping.js';
import { strippedPrograms } from '../../../../run/targets/warnings/stripped-programs.js';
import type { RunInProgress } from './run-in-progress.js';

/** Notes the facts of the run so far; returns what makes this profile poor. */
export function noteSnapshot(snapshot: Snapshot, run: RunInProgress): Problem[] {
  const { facts, options } = run;
  const { built, grouping, account } = snapshot;
  facts.measurements = snapshot.measurements;
  facts.targets = account.targets;
  facts.phasesNs.symbolize = (facts.phasesNs.symbolize ?? 0) + snapshot.symbolizeNs;
  if (snapshot.isLast) facts.problems.addAll(measurementProblems(facts.measurements.totals, options.plan));
  facts.problems.addAll([
    ...built.problems.map(symbolProblem),
    ...built.replacedFiles.map(replacedProblem),
    ...groupingProblems(grouping, built.groups),
  ]);
  if (!snapshot.isLast) return qualityProblems(account);
  const ofWhole = qualityOfWhole(snapshot, run);
  facts.problems.addAll(ofWhole);
  return options.intervalMs === undefined ? ofWhole : qualityProblems(account);
}

/** What makes the run as a whole poor, and what only its target can tell. */
function qualityOfWhole({ work, measurements }: Snapshot, run: RunInProgress): Problem[] {
  const { facts, target, session } = run;
  const { totals } = measurements;
  const quality = [
    ...qualityProblems(accountOf(facts.plan, measurements, facts.targets)),
    ...(target.problemsAfter?.({ work, totals, processes: session.processes }) ?? []),
  ];
  if (quality.some(({ code }) => code === 'unnamed-frames')) quality.push(...strippedCommands(run));
  return quality;
}

function symbolProblem({ path, message }: SymbolProblem): Problem {
  return { code: 'symbols', message: `${path}: ${message}`, subject: path };
}

/** What cargo built was checked before the run. */
function strippedCommands({ session, target }: RunInProgress): Problem[] {
  const isBuilt = (process: ObservedProcess) => !['command', 'pid'].includes(target.factsOf(process).kind);
  return strippedPrograms(session.processes.filter((process) => !isBuilt(process)));
}
