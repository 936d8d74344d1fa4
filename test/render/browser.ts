import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Why tests in a browser cannot run here; false when they can. */
export const browserIsMissing: string | false = existsSync(CHROMIUM)
  ? false
  : `no ${CHROMIUM}: apt-get install chromium`;

/** A browser that talks to nobody. The caller closes it. */
export function openBrowser(): Promise<Browser> {
  const quiet = ['quic', 'background-networking', 'component-update', 'sync', 'gpu'].map(
    (name) => `--disable-${name}`,
  );
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--no-first-run', ...quiet] });
}
