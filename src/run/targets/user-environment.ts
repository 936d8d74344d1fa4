import { readFileSync } from 'node:fs';
import { npmProcess } from '../../capture/gate/npm-process.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What npm adds beside `npm_…`, and replaces. */
const NPMS_OWN = new Set(['INIT_CWD', 'NODE', 'COLOR', 'EDITOR']);

/**
 * The environment that cargo and the program get: ours, and under `npx` without what npm has put into it. Its PATH begins
 * with the folder of node, where another cargo than the user's may lie.
 */
export function userEnvironment(): NodeJS.ProcessEnv {
  const npm = npmProcess();
  const original = npm === undefined ? undefined : environmentOf(npm);
  return original === undefined ? process.env : withoutNpm(process.env, original);
}

/** `original`: what npm itself was started with. What a user sets between npm and us (`npx -c 'A=1 …'`) stays. */
export function withoutNpm(env: Environment, original: Environment): NodeJS.ProcessEnv {
  const entries = Object.entries(env).map(([name, value]): [string, string | undefined] => {
    if (name.startsWith('npm_') || NPMS_OWN.has(name)) return [name, original[name]];
    const isLengthened =
      name === 'PATH' && original.PATH !== undefined && value?.endsWith(`:${original.PATH}`);
    return [name, isLengthened ? original.PATH : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** As /proc keeps it: of the start. Undefined where we may not look. */
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
