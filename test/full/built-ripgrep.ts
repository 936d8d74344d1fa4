import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ripgrepSources } from '../kernel/targets/ripgrep-sources.js';
import { cacheDirectory } from './cache-directory.js';

/** `debugLevel`: a value of cargo's `debug`. */
export function builtRipgrep(debugLevel: string): string {
  const target = cacheDirectory(`ripgrep-debug-${debugLevel.replaceAll('"', '')}`);
  const args = ['build', '--release', '--locked', '--config', `profile.release.debug=${debugLevel}`];
  execFileSync('cargo', [...args, '--target-dir', target], { cwd: ripgrepSources(), stdio: 'pipe' });
  return join(target, 'release/rg');
}
