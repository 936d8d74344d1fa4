import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILES = {
  'Cargo.toml': '[package]\nname = "burning"\nversion = "0.1.0"\nedition = "2021"\n',
  'src/bin/server.rs': `
    #[inline(never)]
    fn burn(rounds: u64) -> u64 {
        (0..rounds).fold(1, |sum, round| std::hint::black_box(sum.wrapping_mul(31) ^ round))
    }
    fn main() {
        std::hint::black_box(burn(1_000_000_000));
    }`,
};

/** A cargo project with a binary `server` that spends about a second of CPU time in `server::burn`. */
export function writeBurningProject(directory: string): string {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}
