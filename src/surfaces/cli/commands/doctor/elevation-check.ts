import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MachineFacts } from '../../../../capture/machine/machine-facts.js';
import { boundsOf } from '../../../../capture/rights/bounds.js';
import { findSetupCopy } from '../../../../capture/rights/setup-copy.js';
import { findOnPath } from '../../sudo/find-on-path.js';
import { type Check, ok } from './check.js';

const ASK_MS = 5000;

/** How an ordinary user gets more privileges here. If there is no way, that alone is not a problem. */
export async function elevationCheck(facts: MachineFacts): Promise<Check> {
  const copy = findSetupCopy();
  if (copy !== undefined)
    return ok('elevation', `the sampler is installed with its capabilities: ${copy}${boundsFound(copy)}`);
  if (facts.missingNeeded.length === 0) return ok('elevation', 'none is needed');
  return ok('elevation', facts.hasNoNewPrivileges ? 'none works here (no_new_privs)' : await sudoFound());
}

function boundsFound(copy: string): string {
  const bounds = boundsOf(copy);
  if (bounds === undefined) return '';
  return ` (per user up to ${bounds.frequencyHz} samples per second and ${bounds.memoryMiB} MB of kernel memory)`;
}

async function sudoFound(): Promise<string> {
  if (findOnPath('sudo') === undefined) return 'there is no sudo';
  return (await asksNoPassword()) ? 'sudo asks for no password' : 'sudo asks for a password or refuses';
}

async function asksNoPassword(): Promise<boolean> {
  try {
    await promisify(execFile)('sudo', ['-n', 'true'], { timeout: ASK_MS });
    return true;
  } catch {
    return false;
  }
}
