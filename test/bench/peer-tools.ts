import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type InstalledTool = { folder: string } | { folder: undefined; reason: string };

const root = join(tmpdir(), `profile-bee-bench-${process.getuid?.()}`);

/** The folder of a peer's commands: installed with cargo at first use, kept for later runs, or why it is not there. */
export function installedTool(crate: string, command: string): InstalledTool {
  const folder = join(root, 'bin');
  if (existsSync(join(folder, command))) return { folder };
  process.stderr.write(`installing ${crate} to compare with …\n`);
  const install = spawnSync('cargo', ['install', '--locked', '--root', root, crate], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (install.status === 0) return { folder };
  const reason = install.stderr
    ?.trim()
    .split('\n')
    .findLast((line) => line.startsWith('error'));
  return { folder: undefined, reason: `cargo install ${crate}: ${reason ?? 'cargo did not run'}` };
}
