import { writeSync } from 'node:fs';
import { writeFolded } from '../../formats/folded.js';
import type { Profile } from '../../profile/profile.js';
import { layoutFlamegraph } from '../../render/flamegraph-layout.js';
import { renderSvg } from '../../render/svg.js';
import type { OutputFormat, RecordOptions } from './options.js';
import type { PreparedTarget } from './prepared-target.js';
import { ReservedFile, reasonOf, reserveUnique, WriteFailure } from './reserve-outputs.js';
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
  file: ReservedFile | undefined;
}

interface Rendered {
  content: string;
  facts: Pick<SummaryOutput, 'framesShown' | 'framesHidden'>;
}

/** The files of a run: reserved before the program starts, written whole when it has ended. */
export class Outputs {
  readonly #outputs: Output[] = [];

  /** Reserves the files that the command line names. Throws UsageProblem; nothing stays reserved then. */
  static reserve(options: RecordOptions): Outputs {
    const outputs = new Outputs();
    try {
      for (const { path, format } of options.outputs) {
        outputs.#outputs.push({ format, file: path === undefined ? undefined : ReservedFile.reserve(path) });
      }
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
      const file = reserveUnique(target.outputDirectory, target.name, '.svg', new Date());
      this.#outputs.push({ format: 'svg', file });
    }
  }

  /** The first flamegraph: what would be opened. */
  get picture(): string | undefined {
    return this.#outputs.find(({ format, file }) => format === 'svg' && file !== undefined)?.file?.path;
  }

  /** Writes every output; throws the system's error for the first that fails. */
  write(profile: Profile, caption: Caption): SummaryOutput[] {
    return this.#outputs.map(({ format, file }) => {
      const { content, facts } = render(format, profile, caption);
      if (file === undefined) {
        writeToStandardOutput(content);
        return { path: '-', format, bytes: Buffer.byteLength(content), ...facts };
      }
      return { path: file.path, format, bytes: file.commit(content), ...facts };
    });
  }

  discard(): void {
    for (const { file } of this.#outputs) file?.discard();
  }
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
