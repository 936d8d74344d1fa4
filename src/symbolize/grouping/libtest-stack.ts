import type { RawStack } from '../../capture/raw-profile.js';
import { firstCrateSegment } from './rust-name.js';

export interface NamedFrame {
  /** Demangled; '' if unresolved. */
  name: string;
  /** Has debug information, which also tells what is inlined. */
  hasDebugInfo: boolean;
}

/** The user frames of a stack, root first, inlined ones inside their function. */
export type FramesOf = (stack: RawStack) => Iterable<NamedFrame>;

/** What a stack reveals about libtest. */
export interface LibtestStack {
  /** libtest's own code is on the stack. */
  isHarness: boolean;
  /** The path of the first function above libtest, without its crate: usually the test's name. */
  path?: string;
  /** That function is certainly the test, not one called by the test and inlined with it. */
  isCertain?: boolean;
}

/** A stack that runs a test contains it within this many frames; the rest is not searched. */
const MAX_FRAMES = 100;
const LIBTEST = /^<?test(?:\[[0-9a-f]+\])?::/;
/** The last function that libtest calls before the test. */
const BOUNDARY = /^test(?:\[[0-9a-f]+\])?::(?:__rust_begin_short_backtrace|bench::benchmark)\b/;
const BELOW_TEST = new Set(['core', 'alloc', 'std', 'test']);
/** The closure passed to libtest: as a function, or (v0 mangling) in the name of its FnOnce. */
const CLOSURE = /::\{+closure(?:#\d+)?\}+/;
const CLOSURE_CALL = /^<([^<> ]+)::\{closure(?:#\d+)?\} as core(?:\[[0-9a-f]+\])?::ops::function::FnOnce</;
const CRATE = /^[A-Za-z_]\w*(?:\[[0-9a-f]+\])?::/;

/** Reads a stack, root first. */
export function readLibtestStack(frames: Iterable<NamedFrame>): LibtestStack {
  let isHarness = false;
  let isPastBoundary = false;
  let count = 0;
  for (const frame of frames) {
    if (count++ === MAX_FRAMES) break;
    if (isPastBoundary) {
      const found = readTestFrame(frame);
      if (found !== 'below') return { isHarness, ...found };
    }
    isHarness ||= LIBTEST.test(frame.name);
    isPastBoundary ||= BOUNDARY.test(frame.name);
  }
  return { isHarness };
}

function readTestFrame({ name, hasDebugInfo }: NamedFrame): Omit<LibtestStack, 'isHarness'> | 'below' {
  const called = CLOSURE_CALL.exec(name)?.[1];
  const crate = firstCrateSegment(called ?? name);
  if (crate === undefined) return name === '' ? {} : 'below';
  if (BELOW_TEST.has(crate)) return 'below';
  const [path = ''] = (called ?? name).split(CLOSURE, 1);
  if (!CRATE.test(path)) return {};
  const isCertain = called !== undefined || (hasDebugInfo && CLOSURE.test(name));
  return { path: path.replace(CRATE, ''), isCertain };
}
