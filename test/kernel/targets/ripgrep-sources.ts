import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { scratchDirectory } from '../running/scratch-directory.js';

const version = '14.1.1';

/**
 * The package as published, in a folder that stays between runs so that its dependencies are built once. cargo has
 * no command that only downloads a binary crate: it is fetched as a dependency, and copied from cargo's own cache.
 */
export function ripgrepSources(): string {
  const directory = join(tmpdir(), `profile-bee-test-${process.getuid?.()}`, `ripgrep-${version}`);
  if (existsSync(join(directory, 'Cargo.toml'))) return directory;
  mkdirSync(dirname(directory), { recursive: true });
  const unfinished = `${directory}.${process.pid}`;
  cpSync(fetchedPackage(), unfinished, { recursive: true });
  renameSync(unfinished, directory);
  return directory;
}

function fetchedPackage(): string {
  const crate = scratchDirectory();
  mkdirSync(join(crate, 'src'));
  writeFileSync(join(crate, 'src/lib.rs'), '');
  const manifest = [
    '[package]',
    'name = "fetch"',
    'version = "0.1.0"',
    '[dependencies]',
    `ripgrep = "=${version}"`,
  ];
  writeFileSync(join(crate, 'Cargo.toml'), `${manifest.join('\n')}\n`);
  execFileSync('cargo', ['fetch'], { cwd: crate, stdio: 'pipe' });
  return join(registrySources(), `ripgrep-${version}`);
}

/** `cargo metadata` leaves out a dependency without a library, so the folder is found where cargo unpacks. */
function registrySources(): string {
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
  const registries = readdirSync(sources).map((name) => join(sources, name));
  const found = registries.find((registry) => existsSync(join(registry, `ripgrep-${version}`)));
  if (found === undefined) throw new Error(`cargo fetch left no ripgrep-${version} under ${sources}`);
  return found;
}
