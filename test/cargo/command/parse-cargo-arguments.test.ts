import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type OurFlags,
  splitCommandLine,
  UsageError,
} from '../../../src/cargo/command/parse-cargo-arguments.js';

const OUR_FLAGS: OurFlags = {
  withValue: new Set(['--svg', '-o', '--frequency', '-F', '--profile', '--summary-json', '-d', '--time']),
  boolean: new Set([
    '--quiet',
    '--verbose',
    '--help',
    '-h',
    '--version',
    '--dev',
    '--open',
    '--no-open',
    '--dwarf',
  ]),
};

/** typed | ours | cargo | program (`none`: no separator for it) */
const GRAMMAR = `
                                                        |                          |                              | none
--svg out.svg -- --release --bin server -- --port 0     | --svg out.svg            | --release --bin server         | --port 0
--bin server -- --port 0                                |                          | --bin server                   | --port 0
--svg a.svg run --release -- x                          | --svg a.svg              | run --release                  | x
--svg=a.svg -F 99 -- test -- my_test                    | --svg=a.svg -F 99        | test                           | my_test
-F99 --dwarf bench -- --exact                           | -F99 --dwarf             | bench                          | --exact
-- -F serde -F99                                        |                          | -F serde -F99                  | none
-F 99 -- -F serde                                       | -F 99                    | -F serde                       | none
--profile dist --bin a                                  | --profile dist           | --bin a                        | none
-- --profile dist --bin a                               |                          | --profile dist --bin a         | none
--bin a --profile dist                                  |                          | --bin a --profile dist         | none
--quiet -- --quiet                                      | --quiet                  | --quiet                        | none
--help                                                  | --help                   |                                | none
run --help                                              |                          | run --help                     | none
-- --help                                               |                          | --help                         | none
-- -- --port 0                                          |                          |                                | --port 0
--svg o --                                              | --svg o                  |                                | none
--                                                      |                          |                                | none
-- --bin a --                                           |                          | --bin a                        |
-- --bin a -- x -- y                                    |                          | --bin a                        | x -- y
--bin a -- x -- y                                       |                          | --bin a                        | x -- y
-p core --release -- -p 9                               |                          | -p core --release              | -p 9
-pcore -j4 -vv                                          |                          | -pcore -j4 -vv                 | none
test my_heavy_test                                      |                          | test my_heavy_test             | none
t --lib parse -- --nocapture                            |                          | t --lib parse                  | --nocapture
run first --svg mine.svg                                |                          | run first --svg mine.svg       | none
-- first --svg                                          |                          | first --svg                    | none
-o - --time -5 run                                      | -o - --time -5           | run                            | none
--svg -- --release                                      | --svg                    | --release                      | none
-- --features svg --bin --release                       |                          | --features svg --bin --release | none
-- --unknown-to-us 3                                    |                          | --unknown-to-us 3              | none
--dev --no-open --example demo                          | --dev --no-open          | --example demo                 | none
xtask run --svg x                                       |                          | xtask run --svg x              | none
nextest run -E all() --retries 2                        |                          | nextest run -E all() --retries 2 | none
-Zscript burn.rs x --svg y -- z                         |                          | run -Zscript --manifest-path burn.rs | x --svg y -- z
--svg a.svg -q -Z script dir/burn                       | --svg a.svg              | run -q -Z script --manifest-path dir/burn |
-- -Zscript burn.rs run                                 |                          | run -Zscript --manifest-path burn.rs | run
burn.rs                                                 |                          | run --manifest-path burn.rs    |
--release burn.rs                                       |                          | --release burn.rs              | none
run -Zscript burn.rs                                    |                          | run -Zscript burn.rs           | none
-Zunstable-options burn.rs                              |                          | -Zunstable-options burn.rs     | none
--bin a -- --svg b.svg                                  |                          | --bin a                        | --svg b.svg
`;

for (const row of GRAMMAR.trimEnd().split('\n').slice(1)) {
  const [typed = '', ours = '', cargo = '', program = ''] = row.split('|').map((cell) => cell.trim());
  test(`splits: ${typed}`, () => {
    assert.deepEqual(splitCommandLine(words(typed), OUR_FLAGS), {
      ours: words(ours),
      cargo: words(cargo),
      program: program === 'none' ? undefined : words(program),
    });
  });
}

/** typed | what the advice says */
const REFUSED = `
-- --release --svg out.svg                     | cargo profile-bee --svg out.svg -- --release
--dev -- --bin a -o x.svg --lib -- --port 0    | cargo profile-bee --dev -o x.svg -- --bin a --lib -- --port 0
--release --svg=out.svg -- --bin server        | cargo profile-bee --svg=out.svg --release -- --bin server
test --dwarf parse                             | cargo profile-bee --dwarf test parse
-- bench -d 5 --dwarf                          | cargo profile-bee -d 5 --dwarf -- bench
--releas                                       | did you mean --release?
--svgg out.svg run                             | did you mean --svg?
--bin a --featurs x                            | did you mean --features?
-- +nightly --release -- x                     | cargo +nightly profile-bee -- --release -- x
--svg a.svg -- +nightly                        | cargo +nightly profile-bee --svg a.svg
+nightly test a                                | cargo +nightly profile-bee test a
--xyzzyxyzzy                                   | cargo profile-bee --help lists the flags
`;

for (const row of REFUSED.trim().split('\n')) {
  const [typed = '', advice = ''] = row.split('|').map((cell) => cell.trim());
  test(`refuses: ${typed}`, () => {
    assert.throws(
      () => splitCommandLine(words(typed), OUR_FLAGS),
      (error) => error instanceof UsageError && error.advice === advice,
    );
  });
}

test('a corrected line is quoted for the shell and begins as it was typed', () => {
  const argv = ['--', '--bin', "it's", '--svg', 'my out.svg', '--', '$HOME'];
  assert.throws(() => splitCommandLine(argv, OUR_FLAGS, 'cargo-profile-bee'), {
    advice: `cargo-profile-bee --svg 'my out.svg' -- --bin 'it'\\''s' -- '$HOME'`,
  });
});

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
