import { posix } from 'node:path';
import type { RawSample } from '../../capture/raw-profile.js';
import { doctestOnStack } from './doctest-name.js';
import { groupByKey } from './group-by-key.js';
import { type FramesOf, type LibtestStack, readLibtestStack } from './libtest-stack.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';

/** The harness itself, and whatever its first thread has started. */
export const OUTSIDE_OF_TESTS = '[outside of tests]';
/** Work of some test, and nothing says of which. */
export const UNKNOWN_TEST = '[unknown test]';

/** Linux keeps that much of a thread's name. */
const COMM_BYTES = 15;

/** A thread of a harness that libtest has started, by its number and its name. */
interface TestThread {
  tid: number;
  comm: string;
}

/** Samples to the names of the tests that they belong to; a name that two binaries have is told with the binary's. */
export function testNames(
  samples: readonly RawSample[],
  roots: ReadonlyMap<number, RootProcess>,
  framesOf: FramesOf,
  hasAllStarters: boolean,
): Map<RawSample, string> {
  const binariesOf = new Map<string, Set<string>>();
  const found: { sample: RawSample; name: string; binary: string }[] = [];
  for (const [root, members] of groupByKey(samples, (sample) => sample.root)) {
    const process = roots.get(root);
    const nameOf = namesWithin(process, members, framesOf, hasAllStarters);
    for (const sample of members) {
      const name = nameOf(sample);
      const binary = process?.binaryName ?? '';
      found.push({ sample, name, binary });
      binariesOf.set(name, (binariesOf.get(name) ?? new Set()).add(binary));
    }
  }
  const isShared = (name: string) => !name.startsWith('[') && binariesOf.get(name)!.size > 1;
  return new Map(
    found.map(({ sample, name, binary }) => [sample, isShared(name) ? `${binary} ${name}` : name]),
  );
}

function namesWithin(
  process: RootProcess | undefined,
  members: readonly RawSample[],
  framesOf: FramesOf,
  hasAllStarters: boolean,
): (sample: RawSample) => string {
  if (process === undefined) return () => UNKNOWN_PROCESS;
  const only = process.testName ?? (process.isDoctest ? doctestName(process, members, framesOf) : undefined);
  if (only !== undefined) return () => only;
  const tests = new ProcessTests(process, members, framesOf, hasAllStarters);
  return (sample) => tests.nameOf(sample);
}

/** Of all examples of the package together where the program does not tell which one it is. */
function doctestName({ binaryName }: RootProcess, members: readonly RawSample[], framesOf: FramesOf): string {
  const names = new Set(members.map((sample) => doctestOnStack(framesOf(sample))));
  names.delete(undefined);
  return names.size === 1 ? `${binaryName} ${[...names][0]}` : binaryName;
}

/**
 * The tests of one harness. libtest runs each on a thread of its own with the test's name, which Linux cuts, so that
 * two tests may share it. The whole name is the path of the function that libtest calls, on the stacks of that
 * thread; threads and processes that the test starts are known by that thread, which the kernel has noted. A name is
 * given only where both agree: a function may be missing on the stack (inlined without debug information), or be
 * another test's with the same code, and a thread may have renamed itself.
 */
class ProcessTests {
  readonly #stacks: ReadonlyMap<RawSample, LibtestStack>;
  /** By tid. Several only if the number of an ended thread was used again. */
  readonly #ofThread = new Map<number, Set<string>>();
  readonly #harnessComm: string;
  readonly #isThreaded: boolean;

  constructor(
    private readonly process: RootProcess,
    samples: readonly RawSample[],
    framesOf: FramesOf,
    private readonly hasAllStarters: boolean,
  ) {
    this.#stacks = new Map(samples.map((sample) => [sample, readLibtestStack(framesOf(sample))]));
    this.#harnessComm = cut(posix.basename(process.executable));
    this.#isThreaded = this.#hasTestThreads(samples);
    for (const sample of samples) this.#noteThread(sample);
  }

  nameOf(sample: RawSample): string {
    if (sample.starter !== undefined) return this.#nameOfThread(sample.starter, sample);
    if (sample.tid === sample.pid) return this.#nameOnFirstThread(sample);
    if (sample.pid !== this.process.pid) return OUTSIDE_OF_TESTS;
    return this.#nameOfThread(sample, sample);
  }

  /** Benchmarks run there, and tests where libtest makes no threads; the thread does not get their names. */
  #nameOnFirstThread(sample: RawSample): string {
    const { path, isCertain } = this.#stacks.get(sample)!;
    if (path === undefined) return OUTSIDE_OF_TESTS;
    return isCertain ? path : UNKNOWN_TEST;
  }

  #nameOfThread(thread: TestThread, sample: RawSample): string {
    const [test, other] = this.#ofThread.get(thread.tid) ?? [];
    if (test !== undefined) return other === undefined ? test : (this.#provenTest(sample) ?? UNKNOWN_TEST);
    // A function that is the test for sure, on a thread that is called otherwise.
    if (this.#stacks.get(sample)!.isCertain) return UNKNOWN_TEST;
    return this.#nameByComm(thread, sample);
  }

  /** The thread's name alone: of a short one nothing is cut; a test that ran on another thread is not meant. */
  #nameByComm({ comm }: TestThread, { starter }: RawSample): string {
    const listed = this.process.testNames;
    if (!this.#isThreaded || comm === this.#harnessComm || comm === '') return OUTSIDE_OF_TESTS;
    if (starter === undefined && !this.hasAllStarters) return UNKNOWN_TEST;
    if (isWhole(comm)) return listed?.includes(comm) === false ? OUTSIDE_OF_TESTS : comm;
    if (listed === undefined) return `${comm}… (the rest of the name is not known)`;
    const elsewhere = new Set([...this.#ofThread.values()].flatMap((tests) => [...tests]));
    const candidates = listed.filter((name) => cut(name) === comm && !elsewhere.has(name));
    if (candidates.length === 0) return UNKNOWN_TEST;
    return candidates.length === 1 ? candidates[0]! : `${comm}… (one of ${candidates.length} tests)`;
  }

  #noteThread(sample: RawSample): void {
    const test = this.#provenTest(sample);
    const { tid } = sample.starter ?? sample;
    if (test !== undefined) this.#ofThread.set(tid, (this.#ofThread.get(tid) ?? new Set()).add(test));
  }

  /** What the stack of a test's own thread, or of its fork, and the thread's name agree on. */
  #provenTest(sample: RawSample): string | undefined {
    const { path, isCertain } = this.#stacks.get(sample)!;
    const thread = sample.starter ?? (sample.tid === sample.pid ? undefined : sample);
    if (path === undefined || thread === undefined || cut(path) !== thread.comm) return undefined;
    return isCertain || isWhole(thread.comm) ? path : undefined;
  }

  /** Not when libtest works on its first thread: other threads are then not its own. */
  #hasTestThreads(samples: readonly RawSample[]): boolean {
    const stacks = samples.map((sample) => ({ sample, stack: this.#stacks.get(sample) }));
    const isFirst = ({ pid, tid }: RawSample) => pid === tid && pid === this.process.pid;
    return (
      stacks.some(({ stack }) => stack?.isHarness) &&
      !stacks.some(({ sample, stack }) => isFirst(sample) && stack?.path !== undefined)
    );
  }
}

/** As the kernel cuts it, and as a cut name decodes. */
function cut(name: string): string {
  return Buffer.from(name).subarray(0, COMM_BYTES).toString('utf8');
}

function isWhole(comm: string): boolean {
  return Buffer.byteLength(comm) < COMM_BYTES;
}
