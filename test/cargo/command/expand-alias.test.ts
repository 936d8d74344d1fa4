import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { expandAlias } from '../../../src/cargo/command/expand-alias.js';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';
import { prepareCargoRun } from '../launch/prepare-cargo-run.js';

const ALIASES: Record<string, string> = {
  xtask: 'run --package xtask --',
  rr: 'run --release',
  quick: '-q rr --bin',
  silent: '-q run --bin a',
  t: 'test --lib',
  lint: 'clippy --all',
  build: 'run',
  one: 'two a',
  two: 'one b',
  empty: '--release',
};

function expanded(typed: string): string {
  const [cargo = '', program] = typed.split(' | ');
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  const find = (name: string) => ALIASES[name]?.split(' ');
  const line = expandAlias(
    { cargo: words(cargo), program: program === undefined ? undefined : words(program) },
    find,
  );
  return [line.cargo, ...(line.program === undefined ? [] : ['|', line.program])].flat().join(' ');
}

for (const [typed, meant] of [
  ['xtask build', 'run --package xtask | build'],
  ['xtask build | --fast', 'run --package xtask | build -- --fast'],
  ['rr --bin a | x', 'run --release --bin a | x'],
  ['quick a', 'run --release --bin a'],
  ['silent x', 'run -q --bin a x'],
  ['t parse', 'test --lib parse'],
  ['lint', 'clippy --all'],
  ['build --bin a', 'build --bin a'],
  ['other', 'other'],
  ['--release rr', '--release rr'],
  ['', ''],
] as const) {
  test(`expands: ${typed}`, () => assert.equal(expanded(typed), meant));
}

for (const [typed, message] of [
  ['one', /one refers to itself: one -> two -> one$/],
  ['empty', /alias empty names no command/],
] as const) {
  test(`refuses: ${typed}`, () =>
    assert.throws(
      () => expanded(typed),
      (error) => error instanceof UsageError && message.test(error.message),
    ));
}

const TELLS = `fn main() {
  let args: Vec<String> = std::env::args().skip(1).collect();
  std::fs::write(std::env::var("TOLD").unwrap(), format!("{} {args:?}", env!("CARGO_BIN_NAME"))).unwrap();
}`;

const CONFIG = `[alias]
xtask = "run --package xtask --"
again = "xtask again"
list = ["run", "-q", "--bin", "app", "--", "two words"]
quiet = "--quiet list three"
silent = "-q run --bin app"
build = "run --bin app"
r = "run --bin app own-r"
typed = "run --bin app from-file"
plain = "run --bin app"
lint = "check --all"
round = "about"
about = "round"
`;

const FILES = {
  'Cargo.toml': '[workspace]\nmembers = ["app", "xtask"]\nresolver = "2"\n',
  'app/Cargo.toml': manifest('app'),
  'app/src/main.rs': TELLS,
  'xtask/Cargo.toml': manifest('xtask'),
  'xtask/src/main.rs': TELLS,
  '.cargo/config.toml': CONFIG,
};

const LINES: string[][] = [
  ['xtask', 'build', '--svg', 'x'],
  ['xtask', '--', 'build'],
  ['xtask', 'build', '--', '--fast'],
  ['again', 'more'],
  ['list', 'three'],
  ['quiet'],
  ['silent', 'z'],
  ['r', 'x'],
  ['typed'],
  ['from-variable', 'y'],
];

test('an alias runs what cargo runs for it, with the same arguments', async (t) => {
  const cwd = cargoProject(t, FILES);
  const told = join(cwd, 'told');
  const env = {
    ...offlineEnvironment(),
    TOLD: told,
    CARGO_ALIAS_TYPED: 'run --bin app from-variable',
    CARGO_ALIAS_FROM_VARIABLE: 'run --bin app',
  };
  for (const line of LINES) {
    rmSync(told, { force: true });
    execFileSync('cargo', line, { cwd, env, stdio: 'pipe' });
    const plain = readFileSync(told, 'utf8');
    rmSync(told);
    const separator = line.indexOf('--');
    const cargoArgs = separator < 0 ? line : line.slice(0, separator);
    const programArgs = separator < 0 ? undefined : line.slice(separator + 1);
    const run = await prepareCargoRun({ cargoArgs, programArgs, ourProfile: { kind: 'dev' }, cwd, env });
    await run.launch(['/bin/sh', '-c', 'exec "$@"', 'gate']).exited;
    assert.equal(readFileSync(told, 'utf8'), plain, line.join(' '));
    assert.equal(run.targets.length, 1, line.join(' '));
  }
});

const OUR_FLAGS = { withValue: new Set(['--svg']), boolean: new Set(['--dwarf']) };

for (const [typed, message, advice] of [
  ['lint --fix', /^cannot profile cargo lint \(check --all --fix\), only/, /run, test or bench/],
  ['build', /^cannot profile cargo build, only/, /run, test or bench/],
  ['round', /refers to itself: round -> about -> round/, /rename one of them/],
  [
    'plain --svg o.svg --dwarf -q',
    /not a flag of cargo.*--svg, --dwarf/,
    /^cargo bee --svg o.svg --dwarf plain -q$/,
  ],
] as const) {
  test(`refuses before anything is built: ${typed}`, async (t) => {
    const cwd = cargoProject(t, FILES);
    const request = {
      cargoArgs: typed.split(' '),
      programArgs: undefined,
      typedBefore: ['cargo', 'bee'],
      ourFlags: OUR_FLAGS,
      cwd,
      env: offlineEnvironment(),
    };
    await assert.rejects(
      prepareCargoRun(request),
      (error) => error instanceof UsageError && message.test(error.message) && advice.test(error.advice),
    );
  });
}
