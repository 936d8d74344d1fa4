import { readFileSync } from 'node:fs';

declare const BEE_VERSION: string | undefined;

/** From the bundle, or from package.json if unbundled. */
export function packageVersion(): string {
  if (typeof BEE_VERSION === 'string') return BEE_VERSION;
  const manifest = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
