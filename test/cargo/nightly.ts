import { spawnSync } from 'node:child_process';

const found = spawnSync('rustup', ['which', '--toolchain', 'nightly', 'cargo'], { encoding: 'utf8' });

/** The `skip` option of a test that needs it. */
export const needsNightly: { skip: string | false } = {
  skip: found.status === 0 ? false : 'no nightly toolchain is installed (rustup toolchain install nightly)',
};

/** Absolute; as `cargo +nightly` sets `$CARGO`. */
export const nightlyCargo = found.status === 0 ? found.stdout.trim() : '';

/** What the proxy of rustup sets for `cargo +nightly profile-bee`. */
export const nightlyEnvironment = { CARGO: nightlyCargo, RUSTUP_TOOLCHAIN: 'nightly' };
