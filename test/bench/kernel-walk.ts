import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { programsWorkspace } from '../kernel/running/fixture-programs.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

const target = process.env.CARGO_TARGET_DIR ?? join(repositoryRoot, 'native', 'target');
const runner = join(target, 'x86_64-unknown-linux-gnu', 'release', 'examples', 'frame_pointer_walk');

/** Of the kernel's own walk by frame pointers, at each timer while the command runs. */
export function kernelWalkNsPerFrame(command: readonly string[]): number {
  const output = execFileSync(runner, [compiledWalk(), ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [ns = Number.NaN, frames = Number.NaN] = output.split(' ').map(Number);
  return ns / frames;
}

function compiledWalk(): string {
  const source = join(repositoryRoot, 'test', 'bench', 'frame-pointer-walk.bpf.c');
  const object = join(scratchDirectory(), 'frame-pointer-walk.bpf.o');
  const flags = ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wextra'];
  execFileSync(process.env.CLANG ?? 'clang-19', [...flags, '-c', source, '-o', object]);
  return object;
}

/** The recursion of 900 frames, in a build that a walk by frame pointers gets through. */
export function deepWithFramePointers(): string {
  const folder = join(scratchDirectory(), 'target');
  execFileSync('cargo', ['build', '--release', '--offline', '--bin', 'deep', '--target-dir', folder], {
    cwd: programsWorkspace(),
    env: { ...process.env, RUSTFLAGS: '-Cforce-frame-pointers=yes' },
    stdio: 'pipe',
  });
  return join(folder, 'release', 'deep');
}
