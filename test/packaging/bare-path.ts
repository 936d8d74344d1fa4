import { execFileSync } from 'node:child_process';
import { chmodSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** What Node, npm and cargo start by name; above all no clang. */
const TOOLS = ['sh', 'npm', 'npx', 'cargo', 'rustc', 'cc', 'ld', 'as'];

/** The value of a PATH on which there is nothing else. */
export function barePath(): string {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  symlinkSync(process.execPath, join(directory, 'node'));
  for (const tool of TOOLS) symlinkSync(targetOf(tool), join(directory, tool));
  return directory;
}

/** rustup goes by the name that it is called by, so its links are not followed. */
function targetOf(tool: string): string {
  const found = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
  return tool.startsWith('np') ? realpathSync(found) : found;
}
