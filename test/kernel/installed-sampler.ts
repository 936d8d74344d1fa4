import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { commandPath } from './repository.js';

/** Where `setup` installs; there is one on a machine, so these tests do not run beside each other. */
export const INSTALL_ROOT = '/usr/local/libexec/profile-bee';
const KEPT = `${INSTALL_ROOT}.kept-by-a-test`;

let isPutBackAtExit = false;

/** Runs `setup` as root with these flags. What was installed before comes back when this process ends. */
export function setUpSampler(...flags: string[]): void {
  keepWhatIsThere();
  const command = [commandPath('profile-bee'), 'setup', '--yes', ...flags];
  execFileSync(process.execPath, command, { stdio: 'pipe' });
}

function keepWhatIsThere(): void {
  if (isPutBackAtExit) return;
  isPutBackAtExit = true;
  if (existsSync(INSTALL_ROOT) && !existsSync(KEPT)) renameSync(INSTALL_ROOT, KEPT);
  process.on('exit', () => {
    rmSync(INSTALL_ROOT, { recursive: true, force: true });
    if (existsSync(KEPT)) renameSync(KEPT, INSTALL_ROOT);
  });
}
