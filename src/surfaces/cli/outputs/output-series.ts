import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SummaryOutput } from '../../../account/summary.js';
import { SVG } from '../../../render/svg.js';
import type { PreparedTarget } from '../../../run/targets/prepared-target.js';
import type { RecordOptions } from '../command-line/options/record-options.js';
import { escapedName, type IntervalPlace, intervalName } from './interval-name.js';
import { Outputs } from './outputs.js';
import { reserveUnique } from './reserve-outputs.js';
import type { WriteFailure } from './write-failure.js';

/** The outputs of a run: one set, or with --interval one for each snapshot. */
export class OutputSeries {
  readonly #sets: Outputs[] = [];

  private constructor(private options: RecordOptions) {}

  /** Throws UsageError if the (first) files cannot be written, and then leaves nothing reserved. */
  static reserve(options: RecordOptions): OutputSeries {
    const series = new OutputSeries(options);
    if (options.intervalMs === undefined) series.#sets.push(Outputs.reserve(options));
    else Outputs.reserve(series.#optionsFor({ number: 1, from: new Date() })).discard(); // its name may have another time
    return series;
  }

  /**
   * If no output is given, the wrapper writes a flamegraph next to the build, and the profiler writes folded stacks to
   * standard output.
   */
  addDefault(options: RecordOptions, target: PreparedTarget): void {
    if (options.intervalMs === undefined) this.#sets[0]!.addDefault(options, target);
    else if (options.outputs.length === 0)
      this.options = { ...this.options, outputs: [{ path: defaultPattern(target), format: SVG }] };
  }

  /** The files for a snapshot. What cannot be written any more, since its folder is gone for example, is a failure. */
  setFor(place: IntervalPlace): Outputs {
    if (this.options.intervalMs === undefined) return this.#sets[0]!;
    const set = Outputs.reserveWhatCan(this.#optionsFor(place));
    this.#sets.push(set);
    return set;
  }

  /** What to open: the last interval's. */
  get flamegraph(): string | undefined {
    return this.#sets.at(-1)?.flamegraph;
  }

  get written(): SummaryOutput[] {
    return this.#sets.flatMap((set) => set.written);
  }

  get failures(): WriteFailure[] {
    return this.#sets.flatMap((set) => set.failures);
  }

  discard(): void {
    for (const set of this.#sets) set.discard();
  }

  #optionsFor(place: IntervalPlace): RecordOptions {
    const { outputs, rawSamplesPath } = this.options;
    const nameOf = (pattern: string) => intervalName(pattern, place);
    return {
      ...this.options,
      outputs: outputs.map(({ path, format }) => ({ path: path && nameOf(path), format })),
      rawSamplesPath: rawSamplesPath && nameOf(rawSamplesPath),
    };
  }
}

/** `DIRECTORY/NAME-2026-01-31T12-00-00-%n.svg`, of which no file exists yet. */
function defaultPattern({ outputDirectory, name }: PreparedTarget): string {
  const isTaken = (directory: string, stem: string) => existsSync(join(directory, `${stem}-00001.svg`));
  const reserved = reserveUnique(outputDirectory, name, '.svg', new Date(), isTaken);
  reserved.discard();
  return `${escapedName(reserved.path.replace(/\.svg$/, ''))}-%n.svg`;
}
