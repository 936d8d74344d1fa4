import { posix } from 'node:path';
import type { RawStack } from '../../capture/raw-profile.js';
import { groupByKey } from './group-by-key.js';
import type { LibtestStack } from './libtest-stack.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';
import type { StackReader } from './stack-reader.js';

/** The harness itself and everything that its first thread starts. */
export const OUTSIDE_OF_TESTS = '[outside of tests]';
/** Work of a test that cannot be identified. */
export const UNKNOWN_TEST = '[unknown test]';

/** Linux truncates thread names to this length. */
const COMM_BYTES = 15;

/** A thread that libtest started in a harness. */
interface TestThread {
  tid: number;
  comm: string;
}

/** Maps stacks to the names of their tests; a name used in two binaries gets the binary's name in front. */
export function testNames(
  samples: readonly RawStack[],
  roots: ReadonlyMap<number, RootProcess>,
  reader: StackReader,
  hasAllStarters: boolean,
): Map<RawStack, string> {
  const binariesOf = new Map<string, Set<string>>();
  const found: { sample: RawStack; name: string; binary: string }[] = [];
  for (const [root, members] of groupByKey(samples, (sample) => sample.root)) {
    const process = roots.get(root);
    const nameOf = namesWithin(process, members, reader, hasAllStarters);
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
  members: readonly RawStack[],
  reader: StackReader,
  hasAllStarters: boolean,
): (sample: RawStack) => string {
  if (process === undefined) return () => UNKNOWN_PROCESS;
  const only = process.testName ?? (process.isDoctest ? doctestName(process, members, reader) : undefined);
  if (only !== undefined) return () => only;
  const tests = new ProcessTests(process, members, reader, hasAllStarters);
  return (sample) => tests.nameOf(sample);
}

/** If the program does not reveal which example it is, the name of all examples of the package together. */
function doctestName({ binaryName }: RootProcess, members: readonly RawStack[], reader: StackReader): string {
  const names = new Set(members.map((sample) => reader.doctestOn(sample)));
  names.delete(undefined);
  return names.size === 1 ? `${binaryName} ${[...names][0]}` : binaryName;
}

/**
 * The tests of one harness. libtest runs each on its own thread, named after the test; Linux truncates that name, so two
 * tests may share it. The full name is the path of the function that libtest calls, found on the stacks of that thread.
 * Threads and processes started by the test are attributed through that thread, which the kernel recorded. A test is
 * reported only if both agree: a function may be missing from the stack (inlined without debug information) or belong to
 * another test with the same code, and a thread may have renamed itself.
 */
class ProcessTests {
  readonly #stacks: ReadonlyMap<RawStack, LibtestStack>;
  /** By tid. Several only if the tid of an exited thread was reused. */
  readonly #ofThread = new Map<number, Set<string>>();
  readonly #harnessComm: string;
  readonly #isThreaded: boolean;

  constructor(
    private readonly process: RootProcess,
    samples: readonly RawStack[],
    reader: StackReader,
    private readonly hasAllStarters: boolean,
  ) {
    this.#stacks = new Map(samples.map((sample) => [sample, reader.libtestOn(sample)]));
    this.#harnessComm = cut(posix.basename(process.executable));
    this.#isThreaded = this.#hasTestThreads(samples);
    for (const sample of samples) this.#noteThread(sample);
  }

  nameOf(sample: RawStack): string {
    if (sample.starter !== undefined) return this.#nameOfThread(sample.starter, sample);
    if (sample.tid === sample.pid) return this.#nameOnFirstThread(sample);
    if (sample.pid !== this.process.pid) return OUTSIDE_OF_TESTS;
    return this.#nameOfThread(sample, sample);
  }

  /** Benchmarks run there, and tests if libtest starts no threads; the thread is not renamed for them. */
  #nameOnFirstThread(sample: RawStack): string {
    const { path, isCertain } = this.#stacks.get(sample)!;
    if (path === undefined) return OUTSIDE_OF_TESTS;
    return isCertain ? path : UNKNOWN_TEST;
  }

  #nameOfThread(thread: TestThread, sample: RawStack): string {
    const [test, other] = this.#ofThread.get(thread.tid) ?? [];
    if (test !== undefined) return other === undefined ? test : (this.#provenTest(sample) ?? UNKNOWN_TEST);
    // The function is certainly a test, but the thread has another name.
    if (this.#stacks.get(sample)!.isCertain) return UNKNOWN_TEST;
    return this.#nameByComm(thread, sample);
  }

  /** By the thread's name alone: short names are not truncated; tests seen on other threads are excluded. */
  #nameByComm({ comm }: TestThread, { starter }: RawStack): string {
    const listed = this.process.testNames;
    if (!this.#isThreaded || comm === this.#harnessComm || comm === '') return OUTSIDE_OF_TESTS;
    if (starter === undefined && !this.hasAllStarters) return UNKNOWN_TEST;
    if (isWhole(comm)) return listed?.includes(comm) === false ? OUTSIDE_OF_TESTS : comm;
    if (listed === undefined) return `${comm}… (rest of the name unknown)`;
    const elsewhere = new Set([...this.#ofThread.values()].flatMap((tests) => [...tests]));
    const candidates = listed.filter((name) => cut(name) === comm && !elsewhere.has(name));
    if (candidates.length === 0) return UNKNOWN_TEST;
    return candidates.length === 1 ? candidates[0]! : `${comm}… (one of ${candidates.length} tests)`;
  }

  #noteThread(sample: RawStack): void {
    const test = this.#provenTest(sample);
    const { tid } = sample.starter ?? sample;
    if (test !== undefined) this.#ofThread.set(tid, (this.#ofThread.get(tid) ?? new Set()).add(test));
  }

  /** The test on which the thread's name and the stack agree, for a test's own thread or its fork. */
  #provenTest(sample: RawStack): string | undefined {
    const { path, isCertain } = this.#stacks.get(sample)!;
    const thread = sample.starter ?? (sample.tid === sample.pid ? undefined : sample);
    if (path === undefined || thread === undefined || cut(path) !== thread.comm) return undefined;
    return isCertain || isWhole(thread.comm) ? path : undefined;
  }

  /** False if libtest works on its first thread: other threads are then not its own. */
  #hasTestThreads(samples: readonly RawStack[]): boolean {
    const stacks = samples.map((sample) => ({ sample, stack: this.#stacks.get(sample) }));
    const isFirst = ({ pid, tid }: RawStack) => pid === tid && pid === this.process.pid;
    return (
      stacks.some(({ stack }) => stack?.isHarness) &&
      !stacks.some(({ sample, stack }) => isFirst(sample) && stack?.path !== undefined)
    );
  }
}

/** Truncates as the kernel does, decoded like a truncated name. */
function cut(name: string): string {
  return Buffer.from(name).subarray(0, COMM_BYTES).toString('utf8');
}

function isWhole(comm: string): boolean {
  return Buffer.byteLength(comm) < COMM_BYTES;
}
