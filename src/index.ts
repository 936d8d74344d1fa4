/** What `import … from 'cargo-profile-bee'` gives. */
export type { FunctionRow } from './profile/functions.js';
export type {
  Frame,
  FrameTable,
  Origin,
  Profile,
  Sample,
  SampleTable,
  StackTable,
} from './profile/profile.js';
export { frameAt, framesOfStack, NO_STACK, sampleAt } from './profile/profile.js';
export { openRun } from './surfaces/library/open-run.js';
export type { ProfileSnapshot, SnapshotTotals } from './surfaces/library/profile-snapshot.js';
export type { ProfiledRun, Since, SnapshotOptions } from './surfaces/library/profiled-run.js';
export { RunError, type RunErrorCode } from './surfaces/library/run-error.js';
export type { RunOptions } from './surfaces/library/run-options.js';
