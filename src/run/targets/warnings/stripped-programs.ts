import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { enumerate } from '../../../account/enumerate.js';
import type { Problem } from '../../../account/problems/problem-list.js';
import type { ObservedProcess } from '../../../capture/capture-session.js';
import { downloadedDebugFiles } from '../../../symbolize/debuginfod/downloaded-files.js';
import { groupByKey } from '../../../symbolize/grouping/group-by-key.js';
import { readFacts } from './symbol-problems.js';

/** Where packages install programs; /usr/local belongs to the administrator. */
const PACKAGED = /^\/(usr\/(?!local\/|src\/)|s?bin\/|lib|snap\/|nix\/store\/|gnu\/store\/)/;
/** Present in every cargo target directory. */
const CARGO_MARK = '.rustc_info.json';

/** What distributions offer, by ID from /etc/os-release. */
const DISTRIBUTIONS: Record<string, { server: string; orInstall: string }> = {
  debian: { server: 'https://debuginfod.debian.net', orInstall: ', or install its -dbgsym package' },
  ubuntu: { server: 'https://debuginfod.ubuntu.com', orInstall: ', or install its -dbgsym package' },
  fedora: {
    server: 'https://debuginfod.fedoraproject.org',
    orInstall: ', or use dnf debuginfo-install',
  },
  arch: { server: 'https://debuginfod.archlinux.org', orInstall: '' },
  opensuse: { server: 'https://debuginfod.opensuse.org', orInstall: ', or install its -debuginfo package' },
};

/**
 * For programs that cargo did not build for us, if frames are not symbolized: lists those that lack their own symbols, not
 * only those of a library. The advice depends on who built the program. Each file once.
 */
export function strippedPrograms(processes: readonly ObservedProcess[]): Problem[] {
  const byPath = new Map(processes.filter(isStripped).map((process) => [process.executable, process]));
  const byRemedy = groupByKey(byPath.keys(), remedy);
  return Array.from(byRemedy, ([advice, paths]): Problem => {
    const names = enumerate(paths.map((path) => basename(path)));
    return { code: 'no-symbols', message: `the symbols of ${names} were stripped: ${advice}` };
  });
}

/** For a running process, reads its own file even if the path means another one in its container. */
function isStripped({ pid, executable, end }: ObservedProcess): boolean {
  const path = end === undefined ? `/proc/${pid}/exe` : executable;
  const facts = readFacts(path, downloadedDebugFiles(process.env));
  return facts !== undefined && !facts.hasSymbols && !facts.hasMiniDebugInfo && !facts.hasDebugInfo;
}

function remedy(path: string): string {
  if (isBuiltByCargo(path)) return 'build with strip = "none" and debug = 1 in its cargo profile';
  if (!PACKAGED.test(path)) return 'profile a build that was not stripped';
  const { server, orInstall } = distribution();
  if (process.env.DEBUGINFOD_URLS)
    return `the servers of DEBUGINFOD_URLS had no debug file in time${orInstall}`;
  return `set DEBUGINFOD_URLS=${server} for the command to download those of packages${orInstall}`;
}

function isBuiltByCargo(path: string): boolean {
  const folder = dirname(path);
  return existsSync(join(folder, CARGO_MARK)) || (folder !== dirname(folder) && isBuiltByCargo(folder));
}

function distribution(): { server: string; orInstall: string } {
  const ids = /^ID(?:_LIKE)?=(.*)$/gm;
  const words = Array.from(readRelease().matchAll(ids), ([, value]) =>
    value!.replace(/["']/g, '').split(' '),
  );
  const known = words.flat().find((id) => id in DISTRIBUTIONS);
  const unknown = { server: 'https://debuginfod.elfutils.org', orInstall: '' };
  return known === undefined ? unknown : DISTRIBUTIONS[known]!;
}

function readRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
