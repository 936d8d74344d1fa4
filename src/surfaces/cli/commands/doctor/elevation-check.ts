import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MachineFacts } from '../../../../capture/machine/machine-facts.js';
import { boundsOf } from '../../../../capture/rights/bounds.js';
import { findSetupCopy } from '../../../../capture/rights/setup-copy.js';
import { findOnPath } from '../../sudo/find-on-path.js';
import { type Check, ok } from './check.js';

const ASK_MS = 5000;

/** By which way an ordinary user comes to more privileges here. That there is none is not yet a problem. */
export async function elevationCheck(facts: MachineFacts): Promise<Check> {
  const copy = findSetupCopy();
  if (copy !== undefined)
    return ok('elevation', `the sampler is installed with its capabilities: ${copy}${boundsFound(copy)}`);
  if (facts.missingNeeded.length === 0) return ok('elevation', 'none is needed');
  return ok(
    'elevation',
    facts.hasNoNewPrivileges ? 'none has an effect here (no_new_privs)' : await sudoFound(),
  );
}

function boundsFound(copy: string): string {
  const bounds = boundsOf(copy);
  if (bounds === undefined) return '';
  return ` (for each user up to ${bounds.frequencyHz} samples a second and ${bounds.memoryMiB} MB of the kernel’s memory)`;
}

async function sudoFound(): Promise<string> {
  if (findOnPath('sudo') === undefined) return 'there is no sudo';
  return (await asksNoPassword()) ? 'sudo asks for no password' : 'sudo asks for a password, or refuses';
}

async function asksNoPassword(): Promise<boolean> {
  try {
    await promisify(execFile)('sudo', ['-n', 'true'], { timeout: ASK_MS });
    return true;
  } catch {
    return false;
  }
}
