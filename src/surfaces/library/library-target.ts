import { faultOf } from '../../run/targets/find-command.js';
import { type PreparedTarget, prepareProgram } from '../../run/targets/prepared-target.js';
import type { RunOptions } from './run-options.js';
import { require } from './to-plan.js';
import { fault } from './with-codes.js';

/** Throws RunError, or CaptureError for a process that cannot be profiled. */
export function toTarget(options: RunOptions): PreparedTarget {
  const { command, pid } = options;
  require((command === undefined) !== (pid === undefined), 'a run needs either a command or a pid');
  if (command === undefined) return processes([pid!].flat(), options);
  const isCommand =
    Array.isArray(command) && command.every((word) => typeof word === 'string') && command[0] !== '';
  require(isCommand && command.length > 0, 'command is an array of strings, the program first');
  const found = faultOf(command[0], options.env?.PATH);
  if (found !== undefined) throw fault(`command-${found}`, 'the command cannot be run');
  const { cwd, env, stdio } = options;
  return prepareProgram({ kind: 'command', argv: command, cwd, env, stdio });
}

function processes(pids: readonly number[], { children = true }: RunOptions): PreparedTarget {
  require(pids.length > 0 &&
    pids.every((pid) => Number.isInteger(pid) && pid > 0), 'pid is a positive whole number');
  return prepareProgram({ kind: 'pid', pids: [...new Set(pids)], withChildren: children });
}
