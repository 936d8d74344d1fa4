import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { setKernelSetting } from './kernel-setting.js';
import { commandPath } from './repository.js';

/** Where `setup` installs; there is one on a machine, so these tests do not run beside each other. */
export const INSTALL_ROOT = '/usr/local/libexec/profile-bee';
const KEPT = `${INSTALL_ROOT}.kept-by-a-test`;

let isPutBackAtExit = false;

/**
 * Runs `setup` as root with these flags. What was installed before comes back when this process ends, and so do the
 * machine's settings on what an ordinary user may see: with 1 or less of the first everybody may profile the kernel, with
 * 3 nobody but root opens a perf event on Debian's kernels, with 2 of the second the kernel has no names.
 */
export function setUpSampler(...flags: string[]): void {
  keepWhatIsThere();
  const command = [commandPath('profile-bee'), 'setup', '--yes', ...flags];
  execFileSync(process.execPath, command, { stdio: 'pipe' });
}

function keepWhatIsThere(): void {
  if (isPutBackAtExit) return;
  isPutBackAtExit = true;
  setKernelSetting('perf_event_paranoid', 2);
  setKernelSetting('kptr_restrict', 1);
  if (existsSync(INSTALL_ROOT) && !existsSync(KEPT)) renameSync(INSTALL_ROOT, KEPT);
  process.on('exit', () => {
    rmSync(INSTALL_ROOT, { recursive: true, force: true });
    if (existsSync(KEPT)) renameSync(KEPT, INSTALL_ROOT);
  });
}
