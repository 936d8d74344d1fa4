import type { RunFacts } from '../../../../account/run-facts.js';
import type { ExitStatus } from '../../../../account/summary.js';
import { checkWithinBounds } from '../../../../capture/rights/bounds.js';
import { checkCanCapture } from '../../../../capture/rights/preflight.js';
import { limitFrequency } from '../../../../run/limit-frequency.js';
import { openRun, type Run } from '../../../../run/run.js';
import type { Interrupts } from '../../../../run/signals/interrupts.js';
import type { PreparedTarget, PrepareTarget } from '../../../../run/targets/prepared-target.js';
import { alteredTextProblems } from '../../../../run/targets/warnings/altered-text.js';
import type { RecordOptions } from '../../command-line/options/record-options.js';
import { OutputSeries } from '../../outputs/output-series.js';
import { announceQuestion } from '../../terminal/announce-question.js';
import type { Terminal } from '../../terminal/terminal.js';
import { askForDebugFiles } from './await-debug-files.js';
import { profile, statusOfFailure } from './profile.js';

/** Ctrl-C while cargo was building. */
const INTERRUPTED = { code: 130, source: 'cargo', signal: 'SIGINT' } as const;

/** What a run is made of before its target is known. */
export interface Recording {
  options: RecordOptions;
  prepare: PrepareTarget;
  facts: RunFacts;
  terminal: Terminal;
  interrupts: Interrupts;
}

/** Runs a capture from build to outputs and notes its facts. Throws what `explain` understands. */
export async function record(recording: Recording): Promise<ExitStatus> {
  const { options: wanted, facts, interrupts } = recording;
  checkCanCapture();
  checkWithinBounds(wanted.plan);
  if (interrupts.count > 0) return INTERRUPTED;
  const { frequencyHz, problems } = limitFrequency(wanted.plan.frequencyHz);
  facts.problems.addAll(problems);
  const options = { ...wanted, plan: { ...wanted.plan, frequencyHz } };
  facts.plan = options.plan;
  const outputs = OutputSeries.reserve(options);
  try {
    return await recordTo(outputs, { ...recording, options });
  } finally {
    outputs.discard();
  }
}

async function recordTo(outputs: OutputSeries, recording: Recording): Promise<ExitStatus> {
  const { options, facts, terminal, interrupts } = recording;
  const isAsked = announceQuestion(terminal);
  const opening = openTimedRun(options, facts); // the kernel verifies our BPF programs while cargo builds
  opening.catch(() => {}); // awaited below; a failure of cargo is reported first
  interrupts.startWitness();
  if (isAsked) await interrupts.orThrow(opening); // a question among cargo's output would be overlooked
  const preparing = interrupts.orThrow(recording.prepare());
  const target = await preparing.catch((error) => abandon(opening, error));
  await using capture = await opening;
  notePreparation(facts, target, terminal);
  outputs.addDefault(options, target);
  if (options.target.kind !== 'pid') facts.problems.addAll(alteredTextProblems());
  if (interrupts.count > 0) return INTERRUPTED;
  const { session } = capture;
  using debugDownloads = askForDebugFiles(session, facts);
  const launched = await capture.launch(target);
  const run = { ...recording, capture, target, launched, session, debugDownloads, outputs };
  return await profile(run).catch((error) => statusOfFailure(error, run));
}

function notePreparation(facts: RunFacts, target: PreparedTarget, terminal: Terminal): void {
  facts.problems.addAll(target.problems);
  for (const problem of facts.problems.takeUnsaid()) terminal.warn(problem);
  facts.phasesNs.metadata = Number(target.phases.metadataNs);
  facts.phasesNs.build = Number(target.phases.buildNs);
}

async function openTimedRun(options: RecordOptions, facts: RunFacts): Promise<Run> {
  const beginNs = process.hrtime.bigint();
  const { plan: capture, demangle, symbolize, groupBy } = options;
  const keepsRaw = options.rawSamplesPath !== undefined;
  const run = await openRun({ capture, demangle, symbolize, groupBy, keepsRaw });
  facts.elevation = run.session.elevation;
  facts.phasesNs.samplerStart = Number(process.hrtime.bigint() - beginNs);
  return run;
}

/** The target could not be prepared, so stop the sampler; a failure of its own would only distract. */
async function abandon(opening: Promise<Run>, error: unknown): Promise<never> {
  await opening.then((run) => run[Symbol.asyncDispose]()).catch(() => {});
  throw error;
}
