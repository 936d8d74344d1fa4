import { writeSync } from 'node:fs';
import type { RawProfile } from '../../capture/raw-profile.js';
import { rawSampleLines } from '../../capture/raw-sample-lines.js';
import { writeFolded } from '../../formats/folded.js';
import type { Profile } from '../../profile/profile.js';
import type { ProfilePart } from '../../profile/split-by-root.js';
import { layoutFlamegraph } from '../../render/flamegraph-layout.js';
import { renderSvg } from '../../render/svg.js';
import type { OutputFormat, RecordOptions } from './options.js';
import type { PreparedTarget } from './prepared-target.js';
import { ReservedFile, reasonOf, reserveUnique, WriteFailure } from './reserve-outputs.js';
import { ReservedSplit } from './split-outputs.js';
import type { SummaryOutput } from './summary.js';

/** What stands in a picture beside the frames. */
export interface Caption {
  title: string;
  subtitle: string;
  warnings: readonly string[];
  /** The workspace, or where the command was started. */
  sourceRoot: string;
}

interface Output {
  format: OutputFormat;
  /** Undefined: standard output. */
  file: ReservedFile | ReservedSplit | undefined;
}

interface Rendered {
  content: string;
  facts: Pick<SummaryOutput, 'framesShown' | 'framesHidden'>;
}

/** The files of a run: reserved before the program starts, written whole when it has ended. */
export class Outputs {
  readonly #outputs: Output[] = [];
  #rawSamples: ReservedFile | undefined;
  #picture: string | undefined;

  /** Reserves the files that the command line names. Throws UsageProblem; nothing stays reserved then. */
  static reserve({ outputs: requests, split, rawSamplesPath }: RecordOptions): Outputs {
    const outputs = new Outputs();
    try {
      for (const { path, format } of requests) {
        const file = path === undefined ? undefined : (split ? ReservedSplit : ReservedFile).reserve(path);
        outputs.#outputs.push({ format, file });
      }
      if (rawSamplesPath !== undefined) outputs.#rawSamples = ReservedFile.reserve(rawSamplesPath);
    } catch (error) {
      outputs.discard();
      throw error;
    }
    return outputs;
  }

  /** Where nothing is named: the wrapper writes a flamegraph beside the build, the profiler folds to its output. */
  addDefault(options: RecordOptions, target: PreparedTarget): void {
    if (this.#outputs.length > 0) return;
    if (options.command === 'profile-bee') this.#outputs.push({ format: 'folded', file: undefined });
    else {
      const { outputDirectory, name } = target;
      const reserve = options.split ? ReservedSplit.reserveUnique : reserveUnique;
      this.#outputs.push({ format: 'svg', file: reserve(outputDirectory, name, '.svg', new Date()) });
    }
  }

  /** The flamegraph to open: the first that was written, and of its parts the one with most samples. */
  get picture(): string | undefined {
    return this.#picture;
  }

  /**
   * Writes every output; `parts` are the profile by roots, for the files that are split. Throws WriteFailure for the
   * first that fails.
   */
  write(profile: Profile, caption: Caption, parts: readonly ProfilePart[]): SummaryOutput[] {
    return this.#outputs.flatMap(({ format, file }) => {
      if (file instanceof ReservedSplit) return this.#writeParts(format, file, profile, caption, parts);
      const { content, facts } = render(format, profile, caption);
      if (file === undefined) {
        writeToStandardOutput(content);
        return { path: '-', format, bytes: Buffer.byteLength(content), ...facts };
      }
      if (format === 'svg') this.#picture ??= file.path;
      return { path: file.path, format, bytes: file.commit(content), ...facts };
    });
  }

  /** Writes the stacks without names, where they are asked for. Throws WriteFailure. */
  writeRawSamples(raw: RawProfile): SummaryOutput[] {
    const file = this.#rawSamples;
    if (file === undefined) return [];
    return [{ path: file.path, format: 'raw-samples', bytes: file.commitPieces(rawSampleLines(raw)) }];
  }

  discard(): void {
    for (const { file } of this.#outputs) file?.discard();
    this.#rawSamples?.discard();
  }

  #writeParts(
    format: OutputFormat,
    file: ReservedSplit,
    whole: Profile,
    caption: Caption,
    parts: readonly ProfilePart[],
  ): SummaryOutput[] {
    const paths = file.pathsOf(parts.map(({ root }) => root));
    const rendered = parts.map(({ root, profile }) => ({
      root,
      path: paths.get(root)!,
      count: profile.totalCount,
      ...render(format, profile, captionOfPart(caption, root, profile, whole)),
    }));
    const sizes = file.commit(new Map(rendered.map(({ path, content }) => [path, content])));
    const largest = rendered.toSorted((one, other) => other.count - one.count)[0];
    if (format === 'svg') this.#picture ??= largest?.path;
    return rendered.map(({ root, path, facts }) => ({
      path,
      format,
      root,
      bytes: sizes.get(path)!,
      ...facts,
    }));
  }
}

/** The quality is that of the run: how much of it the part is stands before. */
function captionOfPart(caption: Caption, root: string, part: Profile, whole: Profile): Caption {
  const title = root === caption.title ? root : `${caption.title} · ${root}`;
  if (part.totalCount === whole.totalCount) return { ...caption, title };
  const share = `${formatCount(part.totalCount)} of the run's ${formatCount(whole.totalCount)} samples`;
  return { ...caption, title, subtitle: `${share} · the run: ${caption.subtitle}` };
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

function render(format: OutputFormat, profile: Profile, caption: Caption): Rendered {
  if (format === 'folded') return { content: writeFolded(profile), facts: {} };
  const layout = layoutFlamegraph(profile);
  const { framesShown, framesHidden } = layout;
  return { content: renderSvg(layout, caption), facts: { framesShown, framesHidden } };
}

/** A reader that closes its pipe has seen enough. */
function writeToStandardOutput(content: string): void {
  const bytes = Buffer.from(content);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw new WriteFailure('standard output', reasonOf(error, '/dev/stdout'));
    }
  }
}

export { shownPath } from './shown-path.js';
