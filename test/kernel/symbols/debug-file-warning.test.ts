import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type { CargoTarget } from '../../../src/cargo/launch/cargo-run.js';
import { symbolProblems } from '../../../src/run/targets/warnings/symbol-problems.js';
import { symbolizeFile } from '../../../src/symbolize/symbolize-file.js';
import { findSymbol } from '../../ffi/compiled-program.js';
import { needsRoot } from '../running/needs-root.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { compiledRustFixture } from '../unwinding/unwinding-fixture.js';
import { moveTo, pathByBuildId, removeWithFolders, separateDebugFile } from './separated-debug-file.js';

interface Separated {
  program: string;
  debugFile: string;
  /** Of a function of the program's own. */
  address: bigint;
}

/** Nothing but the build id says that program and debug file belong together. */
function separated(): Separated {
  const program = compiledRustFixture('call-chain', '-g', '-Clink-arg=-Wl,--build-id');
  const { address } = findSymbol(program, /call_chain4main/);
  const debugFile = separateDebugFile(program);
  execFileSync('objcopy', ['--remove-section=.gnu_debuglink', program]);
  return { program, debugFile, address };
}

function warningsOf(executable: string, debugCache?: string): string[] {
  const target: CargoTarget = {
    package: 'call-chain',
    targetName: 'call-chain',
    sourcePath: '/call-chain/src/main.rs',
    kind: 'bin',
    binaryId: 'call-chain',
    profile: 'release',
    optLevel: '3',
    debuginfo: '2',
    dependencies: [],
    executable,
  };
  return symbolProblems([target], true, debugCache).map(({ code }) => code);
}

/** What is said before the run is what the picture then shows. */
async function assertMissing(
  { program, address }: Separated,
  isMissing: boolean,
  debugCache?: string,
): Promise<void> {
  assert.deepEqual(warningsOf(program, debugCache), isMissing ? ['no-symbols'] : []);
  const frames = (await symbolizeFile(program, [address], {}, debugCache)).framesAt(0);
  assert.equal(frames.at(-1)?.hasDebugInfo ?? false, !isMissing);
}

test('a debug file that only the build id leads to is not missing', needsRoot, async (context) => {
  const files = separated();
  await assertMissing(files, true);
  const path = pathByBuildId(files.program);
  context.after(() => removeWithFolders(path));
  moveTo(dirname(path), files.debugFile, basename(path));
  await assertMissing(files, false);
});

test('a debug file in the cache of the debuginfod client is not missing', async () => {
  const files = separated();
  const cache = scratchDirectory();
  const buildId = pathByBuildId(files.program).replace(/^.*\.build-id\/|\/|\.debug$/g, '');
  moveTo(join(cache, buildId), files.debugFile, 'debuginfo');
  await assertMissing(files, true);
  await assertMissing(files, false, cache);
});

test('a file of another build behind a debug link is no debug file', async () => {
  const files = separated();
  execFileSync('objcopy', [`--add-gnu-debuglink=${files.debugFile}`, files.program]);
  await assertMissing(files, false);
  const other = compiledRustFixture('call-chain', '-g', '-Copt-level=1', '-Clink-arg=-Wl,--build-id');
  moveTo(dirname(files.program), separateDebugFile(other), basename(files.debugFile));
  await assertMissing(files, true);
});
