import { formatAmount, formatValue } from '../../../account/format-count.js';
import type { SummaryOutput } from '../../../account/summary.js';
import type { RawBatch } from '../../../capture/raw-profile.js';
import { rawSampleLines } from '../../../capture/raw-sample-lines.js';
import { FOLDED } from '../../../formats/folded.js';
import { type Profile, shownValueType } from '../../../profile/profile.js';
import type { ProfilePart } from '../../../profile/split-by-root.js';
import type { Caption } from '../../../render/caption.js';
import { SVG } from '../../../render/svg.js';
import type { PreparedTarget } from '../../../run/targets/prepared-target.js';
import { isPicture, type OutputFormat } from '../command-line/options/output-formats.js';
import type { RecordOptions } from '../command-line/options/record-options.js';
import type { Pieces } from './chunks.js';
import { type ReservedFile, reserveOutput, reserveUnique } from './reserve-outputs.js';
import { ReservedStream, type Waiting } from './reserved-stream.js';
import { ReservedSplit } from './split-outputs.js';
import { UnwritableOutput, WriteFailure } from './write-failure.js';

interface Output {
  /** Raw samples are not written from the profile, but from what it is made of. */
  format: OutputFormat | 'raw-samples';
  file: ReservedFile | ReservedSplit | ReservedStream;
}

/** What is written; `parts`: the profile by roots, for `--split`. */
export interface Content {
  /** Where raw samples are written. */
  raw: RawBatch | undefined;
  profile: Profile;
  caption: Caption;
  parts: readonly ProfilePart[];
}

interface Rendered {
  pieces: Pieces;
  facts: Pick<SummaryOutput, 'framesShown' | 'framesHidden'>;
}

/** The files of a run: reserved before the target starts, written whole when it has ended. */
export class Outputs {
  readonly #outputs: Output[] = [];
  readonly #written = new Map<Output, SummaryOutput[]>();
  readonly #failures: WriteFailure[] = [];
  #flamegraph: string | undefined;

  /** Reserves the files on the command line. Throws UsageError and then leaves nothing reserved. */
  static reserve(options: OutputOptions): Outputs {
    const outputs = new Outputs();
    try {
      for (const reserve of reservations(options)) outputs.#outputs.push(reserve());
    } catch (error) {
      outputs.discard();
      throw error;
    }
    return outputs;
  }

  /** The same in the middle of a run: what cannot be written any more is a failure, and the others are written. */
  static reserveWhatCan(options: OutputOptions): Outputs {
    const outputs = new Outputs();
    for (const reserve of reservations(options)) {
      try {
        outputs.#outputs.push(reserve());
      } catch (error) {
        if (!(error instanceof UnwritableOutput)) throw error;
        outputs.#failures.push(new WriteFailure(error.path, error.reason));
      }
    }
    return outputs;
  }

  /**
   * If no output is given, the wrapper writes a flamegraph next to the build, and the profiler writes folded stacks to
   * standard output.
   */
  addDefault(options: RecordOptions, target: PreparedTarget): void {
    if (this.#outputs.some(({ format }) => format !== 'raw-samples')) return;
    if (options.command === 'profile-bee')
      this.#outputs.unshift({ format: FOLDED, file: ReservedStream.standardOutput() });
    else {
      const { outputDirectory, name } = target;
      const reserve = options.split ? ReservedSplit.reserveUnique : reserveUnique;
      const file = reserve(outputDirectory, name, SVG.endings[0], new Date());
      this.#outputs.unshift({ format: SVG, file });
    }
  }

  /** The flamegraph to open: the first that was written; with parts, the one with the most samples. */
  get flamegraph(): string | undefined {
    return this.#flamegraph;
  }

  /** The outputs written so far, in command-line order. */
  get written(): SummaryOutput[] {
    return this.#outputs.flatMap((output) => this.#written.get(output) ?? []);
  }

  /** Outputs that could not be written. */
  get failures(): readonly WriteFailure[] {
    return this.#failures;
  }

  /** Writes the outputs that never wait for a reader. A failure does not affect the others. */
  async writeFiles(content: Content): Promise<void> {
    for (const output of this.#outputs) if (!mayWait(output)) await this.#write(output, content);
  }

  /** Writes the rest: a pipe may be full or have no reader. Rethrows the reason that ended a wait. */
  async writePipes(content: Content, waiting: Waiting): Promise<void> {
    for (const output of this.#outputs) if (mayWait(output)) await this.#write(output, content, waiting);
  }

  discard(): void {
    for (const { file } of this.#outputs) file.discard();
  }

  async #write(output: Output, content: Content, waiting?: Waiting): Promise<void> {
    const { format, file } = output;
    try {
      if (file instanceof ReservedSplit) return this.#writeParts(output, file, content);
      this.#written.set(output, [await writeOne(format, file, content, waiting)]);
      const isFlamegraph = format !== 'raw-samples' && isPicture(format);
      if (isFlamegraph && !(file instanceof ReservedStream)) this.#flamegraph ??= file.path;
    } catch (error) {
      if (waiting?.signal?.aborted) {
        this.#failures.push(
          new WriteFailure(file.path, 'the run was interrupted while waiting for a reader'),
        );
        throw error;
      }
      // A writer may fail, too: the other outputs are still written.
      this.#failures.push(asWriteFailure(error, file.path));
    }
  }

  #writeParts(output: Output, file: ReservedSplit, { profile: whole, caption, parts }: Content): void {
    const format = output.format as OutputFormat;
    const paths = file.pathsOf(parts.map(({ root }) => root));
    const rendered = parts.map(({ root, profile }) => ({
      root,
      path: paths.get(root)!,
      count: profile.totalCount,
      ...render(format, profile, captionOfPart(caption, root, profile, whole)),
    }));
    const { sizes, failures } = file.commit(new Map(rendered.map(({ path, pieces }) => [path, pieces])));
    this.#failures.push(...failures);
    const written = rendered.filter(({ path }) => sizes.has(path));
    const largest = written.toSorted((one, other) => other.count - one.count)[0];
    if (isPicture(format)) this.#flamegraph ??= largest?.path;
    const entries = written.map(({ root, path, facts }) => ({
      path,
      format: format.name,
      root,
      bytes: sizes.get(path)!,
      ...facts,
    }));
    this.#written.set(output, entries);
  }
}

type OutputOptions = Pick<RecordOptions, 'outputs' | 'split' | 'rawSamplesPath'>;

function reservations({ outputs, split, rawSamplesPath }: OutputOptions): (() => Output)[] {
  const reserve = split ? ReservedSplit.reserve : reserveStream;
  const all = outputs.map(
    ({ path, format }) =>
      (): Output => ({ format, file: reserve(path) }),
  );
  if (rawSamplesPath !== undefined)
    all.push(() => ({ format: 'raw-samples', file: reserveOutput(rawSamplesPath) }));
  return all;
}

/** `path` undefined: standard output. */
function reserveStream(path: string | undefined): ReservedFile | ReservedStream {
  return path === undefined ? ReservedStream.standardOutput() : reserveOutput(path);
}

function asWriteFailure(error: unknown, path: string): WriteFailure {
  if (error instanceof WriteFailure) return error;
  return new WriteFailure(path, error instanceof Error ? error.message : String(error));
}

function mayWait({ file }: Output): boolean {
  return file instanceof ReservedStream && file.mayWait;
}

async function writeOne(
  format: Output['format'],
  file: ReservedFile | ReservedStream,
  { raw, profile, caption }: Content,
  waiting?: Waiting,
): Promise<SummaryOutput> {
  const { path } = file;
  if (format === 'raw-samples')
    return { path, format, bytes: await file.commit(rawSampleLines(raw!), waiting) };
  const { pieces, facts } = render(format, profile, caption);
  return { path, format: format.name, bytes: await file.commit(pieces, waiting), ...facts };
}

/** The quality line is the whole run's, so it is preceded by the part's share. */
function captionOfPart(caption: Caption, root: string, part: Profile, whole: Profile): Caption {
  const title = root === caption.title ? root : `${caption.title} · ${root}`;
  if (part.totalCount === whole.totalCount) return { ...caption, title };
  const type = shownValueType(whole);
  const share = `${formatAmount(part.totalCount, type)} of the run's ${formatValue(whole.totalCount, type)}`;
  return { ...caption, title, subtitle: `${share} · the run: ${caption.subtitle}` };
}

function render(format: OutputFormat, profile: Profile, caption: Caption): Rendered {
  if (!isPicture(format)) return { pieces: format.write(profile), facts: {} };
  const { pieces, framesShown, framesHidden } = format.draw(profile, caption);
  return { pieces, facts: { framesShown, framesHidden } };
}
