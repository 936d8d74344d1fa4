import { resolve } from 'node:path';
import type { Admission } from '../../capture/capture-session.js';
import type { Additions, GateMessage } from '../../capture/gate/gate.js';
import { readProcessEnvironment } from '../../capture/machine/process-facts.js';
import type { CargoVerb } from '../../cargo/command/cargo-verb.js';
import { docTestVariables } from '../../cargo/harness/doc-test-program.js';
import { hasFilter } from '../../cargo/harness/harness-arguments.js';
import { type HarnessKind, harnessKind } from '../../cargo/harness/harness-kind.js';
import { countSelected, listHarness } from '../../cargo/harness/harness-listing.js';
import { programBehindRunner } from './program-behind-runner.js';

/** With a runner of the user, rustdoc itself sets no variables either. */
async function docTestAdditions({ argv, cwd, executable }: GateMessage): Promise<Additions> {
  const isFirst = resolve(cwd, argv[0] ?? '') === executable;
  return isFirst ? { moreVariables: await docTestVariables(executable) } : {};
}

/** Criterion's own flag, typed by the user. */
const PROFILE_TIME = /^--profile-time(=|$)/;

/** A harness at the gate, started by `cargo test` or `cargo bench`, with or without the user's own runner. */
interface HarnessCall extends GateMessage {
  harness: string;
  harnessArgs: readonly string[];
}

export interface AdmissionOptions {
  /** Passed to criterion's benches as `--profile-time`. */
  profileTimeSeconds: number | undefined;
  /** Whether to ask each harness for its tests even if it runs all of them. */
  wantsTestNames: boolean;
}

/**
 * Decides which harnesses run. Cargo starts all of them, whatever test names are given. Here each waits at the gate and is
 * asked for its tests with the same arguments, environment and directory. A harness without a matching test is not run; one
 * that cannot be asked runs as under cargo.
 */
export class HarnessAdmission {
  #skipped = 0;
  #hasAnalysis = false;
  readonly #kinds = new Map<number, HarnessKind | undefined>();
  readonly #testNames = new Map<number, readonly string[]>();

  /**
   * @param executables absolute paths of what cargo built to be run; other programs (doc tests) are observed
   */
  constructor(
    private readonly verb: CargoVerb,
    private readonly executables: readonly string[],
    private readonly options: AdmissionOptions,
  ) {}

  readonly admit = async (message: GateMessage): Promise<Admission> => {
    const call = this.#harnessCall(message);
    if (call === undefined) return { kind: 'observe', ...(await docTestAdditions(message)) };
    // Listing tests, as nextest does before it runs any: nothing to profile.
    if (call.harnessArgs.includes('--list')) return { kind: 'pass' };
    if (await this.#selectsNothing(call)) {
      this.#skipped++;
      return { kind: 'skip' };
    }
    const moreArguments = await this.#moreArguments(call);
    return { kind: 'observe', ...(moreArguments && { moreArguments }) };
  };

  /** Why no program was observed, if all were skipped here. */
  whyNothingRan(): string | undefined {
    if (this.#skipped === 0) return undefined;
    const asked = this.#skipped === 1 ? 'asked the only harness' : `asked ${this.#skipped} harnesses`;
    return `no ${this.#noun} matches (${asked}): nothing was run and there is no profile`;
  }

  /** Notes on skipped harnesses and on unwanted work in the profile. */
  notes(): string[] {
    const notes: string[] = [];
    const [harnesses, were] =
      this.#skipped === 1 ? ['1 harness', 'was'] : [`${this.#skipped} harnesses`, 'were'];
    if (this.#skipped > 0) notes.push(`${harnesses} without a matching ${this.#noun} ${were} not run`);
    if (this.#hasAnalysis)
      notes.push("the profile includes criterion's analysis; --profile-time 10 leaves it out");
    return notes;
  }

  get #noun(): string {
    return this.verb === 'bench' ? 'benchmark' : 'test';
  }

  #harnessCall(message: GateMessage): HarnessCall | undefined {
    if (this.verb === 'run') return undefined;
    const { argv, cwd } = message;
    const found = programBehindRunner(argv, cwd, this.executables);
    if (found === undefined) return undefined;
    const harness = this.executables[found.target]!;
    return { ...message, harness, harnessArgs: argv.slice(found.word + 1) };
  }

  /** The harness kind of a bench, if its file was examined. */
  harnessKindOf(pid: number): HarnessKind | undefined {
    return this.#kinds.get(pid);
  }

  /** The tests that a process was to run, if it was asked. */
  testNamesOf(pid: number): readonly string[] | undefined {
    return this.#testNames.get(pid);
  }

  async #selectsNothing({ pid, argv, cwd, harness, harnessArgs }: HarnessCall): Promise<boolean> {
    // nextest starts only matching tests, each in a process of its own.
    const isFiltered = hasFilter(harnessArgs);
    if (this.verb === 'nextest' || !(isFiltered || this.options.wantsTestNames)) return false;
    const command = { argv, cwd, executable: harness, env: readProcessEnvironment(pid) };
    const listing = await listHarness(command);
    if (listing.kind !== 'listed') return false;
    this.#testNames.set(pid, listing.tests);
    return isFiltered && countSelected(listing, harnessArgs) === 0;
  }

  async #moreArguments({ pid, harness, harnessArgs }: HarnessCall): Promise<string[] | undefined> {
    if (!harnessArgs.includes('--bench')) return undefined;
    const kind = await harnessKind(harness).catch(() => undefined);
    this.#kinds.set(pid, kind);
    if (kind !== 'criterion' || harnessArgs.some((word) => PROFILE_TIME.test(word))) return undefined;
    if (this.options.profileTimeSeconds !== undefined)
      return ['--profile-time', String(this.options.profileTimeSeconds)];
    this.#hasAnalysis = true;
    return undefined;
  }
}
