// `npm pack` and `npm publish` run this first: what they would pack has been built, and for this version.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './steps.mjs';

const BUILT = [
  'dist/cli.cjs',
  'dist/index.js',
  'dist/types/index.d.ts',
  'dist/THIRD-PARTY.txt',
  'prebuilds/linux-x64/bee-gate',
  'prebuilds/linux-x64/bee-sampler',
  'prebuilds/linux-x64/libbee.so',
  'prebuilds/linux-x64/THIRD-PARTY.txt',
];

/** Why the package cannot be packed; undefined when it can. */
export function whyNotPacked(directory) {
  const missing = BUILT.filter((file) => !existsSync(join(directory, file)));
  if (missing.length > 0) return `cannot pack: ${missing.join(', ')} not built yet`;
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  if (!readFileSync(join(directory, 'dist/cli.cjs'), 'utf8').includes(JSON.stringify(version)))
    return `cannot pack: dist/cli.cjs was not built for version ${version}`;
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reason = whyNotPacked(root);
  if (reason !== undefined) {
    console.error(`${reason}; npm run build   builds all of it`);
    process.exit(1);
  }
}
