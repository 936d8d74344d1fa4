import { readFileSync } from 'node:fs';
import { npmProcess } from '../../capture/gate/npm-process.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that npm adds or replaces, besides `npm_…`. */
const NPMS_OWN = new Set(['INIT_CWD', 'NODE', 'COLOR', 'EDITOR']);

/**
 * The environment for cargo and the target: ours; under `npx`, without npm's additions. npm's PATH starts with node's
 * folder, which may contain another cargo than the user's.
 */
export function userEnvironment(): NodeJS.ProcessEnv {
  const npm = npmProcess();
  const original = npm === undefined ? undefined : environmentOf(npm);
  return original === undefined ? process.env : withoutNpm(process.env, original);
}

/** `original`: npm's own initial environment. Variables that a user sets between npm and us (`npx -c 'A=1 …'`) stay. */
export function withoutNpm(env: Environment, original: Environment): NodeJS.ProcessEnv {
  const entries = Object.entries(env).map(([name, value]): [string, string | undefined] => {
    if (name.startsWith('npm_') || NPMS_OWN.has(name)) return [name, original[name]];
    const isLengthened =
      name === 'PATH' && original.PATH !== undefined && value?.endsWith(`:${original.PATH}`);
    return [name, isLengthened ? original.PATH : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The initial environment, from /proc. Undefined if it is not readable. */
function environmentOf(pid: number): Environment | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    return Object.fromEntries(entries.map((entry) => splitEntry(entry)));
  } catch {
    return undefined;
  }
}

function splitEntry(entry: string): [string, string] {
  const equals = entry.indexOf('=', 1);
  return [entry.slice(0, equals), entry.slice(equals + 1)];
}
