import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cargoFlagsOf } from '../../../src/surfaces/cli/command-line/completions/cargo-flag-facts.js';
import type { CommandName } from '../../../src/surfaces/cli/command-line/flag-specification.js';
import { flagSpellings } from '../../../src/surfaces/cli/command-line/flags.js';
import { completionProject, offered, SHELL_KINDS, type ShellKind } from './completing-shells.js';

/** The line up to the cursor, which is at the end of it | what is offered */
const OFFERS = `
cargo profile-bee #                                | bench cache completions doctor help man nextest record run setup test
cargo-profile-bee #                                | bench cache completions doctor help man nextest record run setup test
profile-bee #                                      | cache completions doctor help inspect man setup
cargo profile-bee --svg out.svg #                  | bench nextest run test
cargo-profile-bee --svg out.svg -- #               | bench nextest run test
cargo +nightly profile-bee be                      | bench
cargo profile-bee doctor #                         | --json
cargo profile-bee cache #                          | --clear --status
cargo profile-bee completions #                    | bash fish zsh
cargo profile-bee completions bash #               |
cargo profile-bee man #                            |
profile-bee inspect #                              | symbolize unwind-table
cargo profile-bee setup --no-k                     | --no-kernel-frames
cargo profile-bee setup --user somebody --un       | --uninstall
cargo profile-bee setup --user #                   |
cargo-profile-bee cache --status --                | --clear --status
profile-bee cache everything --                    |
profile-bee inspect symbolize out/fi               | first.svg
profile-bee inspect symbolize --                   | --demangle
profile-bee inspect symbolize --demangle #         | full none simple
profile-bee inspect symbolize --demangle=si        | simple
profile-bee inspect symbolize --demangle full out/ | first.svg second.svg
profile-bee inspect unwind-table out/se            | second.svg
profile-bee inspect nonsense --                    |

cargo profile-bee --bin #                          | load-gen tool-box web-server
cargo profile-bee --bin=lo                         | load-gen
cargo profile-bee run --example #                  | hello-world
cargo profile-bee -p #                             | tool-box web-server
cargo-profile-bee -- --bin #                       | load-gen tool-box web-server
cargo-profile-bee -- -p tool-box --bin #           | tool-box
cargo-profile-bee -- --package=tool-box --bin #    | tool-box
cargo-profile-bee --svg x -- test --test #         | end-to-end
cargo-profile-bee -- test --test=en                | end-to-end
cargo-profile-bee -- t --test #                    | end-to-end
cargo-profile-bee -- bench --bench #               | hot-loop
cargo-profile-bee -- test --exclude #              | tool-box web-server
cargo-profile-bee -- --example #                   | hello-world
cargo-profile-bee -- --features #                  | tls-1-3
cargo-profile-bee --profile #                      | bench dev fast-dist release test
cargo-profile-bee -- --profile fa                  | fast-dist
cargo-profile-bee -- --manifest-path tool-box/Cargo.toml --bin # | tool-box

cargo profile-bee --event #                        | cpu-clock cycles
cargo-profile-bee --event=cy                       | cycles
cargo profile-bee --format #                       | collapsed folded svg txt
profile-bee --format=sv                            | svg
profile-bee --unwind #                             | dwarf fp
cargo profile-bee --unwind=                        | dwarf fp
cargo-profile-bee -- test --test=                  | end-to-end
cargo profile-bee --svg out/fi                     | first.svg
cargo profile-bee --svg=out/fi                     | first.svg
profile-bee -o out/                                | first.svg second.svg
cargo-profile-bee -- --color #                     | always auto never
cargo-profile-bee --frequency #                    |

cargo profile-bee --summ                           | --summary-json
cargo profile-bee --no-o                           | --no-open
cargo profile-bee --no-                            | --no-default-features --no-open
cargo profile-bee --svg x --tes                    |
cargo profile-bee test --tes                       | --test --tests
cargo profile-bee run --tes                        |
cargo profile-bee --bin a --summ                   |
cargo-profile-bee -- bench --rel                   |
cargo-profile-bee -- --rel                         | --release
cargo-profile-bee -- --summ                        |
cargo-profile-bee --bin --exam                     | --example
profile-bee --pi                                   | --pid
profile-bee --rel                                  |

cargo profile-bee test x -- --no                   |
cargo-profile-bee -- test -- #                     |
cargo-profile-bee -- nonsense --b                  |
cargo profile-bee --bin a -- out/se                | second.svg
cargo-profile-bee -- --bin a -- out/se             | second.svg
cargo-profile-bee -- run out/se                    |
cargo-profile-bee -- run x out/se                  | second.svg
cargo profile-bee record --pi                      | --pid
cargo-profile-bee record --unwind #                | dwarf fp
cargo-profile-bee record --rel                     |
cargo profile-bee record -- cargo-profile-bee --eve | --event
cargo-profile-bee -- nextest #                     | run
cargo-profile-bee -- nextest run --cargo-profile # | bench dev fast-dist release test
cargo-profile-bee -- nextest run --profile #       |
cargo-profile-bee -- nextest run --test #          | end-to-end
cargo-profile-bee -- nextest --max                 | --max-fail
cargo-profile-bee -- nextest run --run-ignored=o   | only
cargo-profile-bee -- nextest run -p tool-box -E x --bin # | tool-box
profile-bee -- cargo-profile-bee --eve             | --event
`;

const rows = OFFERS.split('\n')
  .filter((row) => row !== '')
  .map((row) => row.split('|').map((cell) => cell.trim()) as [string, string]);

for (const kind of SHELL_KINDS) {
  test(`${kind}: offers what may stand there`, async (t) => {
    const asked = rows.filter(([line]) => !kind.includes(',') || line.startsWith('cargo '));
    const lines = asked.map(([line]) => line.replace(/#$/, ''));
    const answers = await offered(kind, lines, completionProject(t));
    const wrong = asked
      .map(([line, expected], index) => ({ line, expected, offered: answers[index]!.join(' ') }))
      .filter(({ expected, offered }) => offered !== expectedOf(kind, expected));
    assert.deepEqual(wrong, []);
  });
}

/** Where a flag may stand | all that is offered there; nobody has to remember a new flag. */
const EVERY_FLAG: readonly [string, readonly string[]][] = [
  ['cargo profile-bee -', [...spellings('cargo-profile-bee'), ...cargoSpellings('run')]],
  ['cargo-profile-bee -', [...spellings('cargo-profile-bee'), ...cargoSpellings('run')]],
  ['profile-bee -', spellings('profile-bee')],
  ['cargo-profile-bee -- -', cargoSpellings('run')],
  ['cargo-profile-bee -- test -', cargoSpellings('test')],
  ['cargo-profile-bee bench -', cargoSpellings('bench')],
];

function spellings(command: CommandName): string[] {
  const { boolean, withValue } = flagSpellings(command);
  return [...boolean, ...withValue];
}

function cargoSpellings(verb: string): string[] {
  return cargoFlagsOf(verb).flatMap((flag) => flag.spellings);
}

for (const kind of ['bash', 'zsh', 'fish'] as const) {
  test(`${kind}: offers every flag of the table, with every spelling`, async (t) => {
    const lines = EVERY_FLAG.map(([line]) => line);
    const answers = await offered(kind, lines, completionProject(t));
    for (const [index, [line, flags]] of EVERY_FLAG.entries())
      assert.deepEqual(answers[index], [...new Set(flags)].sort(), line);
  });
}

/** With rustup's completion in the shell, or none for cargo at all. */
const CARGOS_OWN: Record<ShellKind, readonly string[]> = {
  bash: [],
  'bash, cargo completed before': ['--lib'],
  'bash, cargo completed on demand': ['--lib'],
  zsh: [],
  'zsh, from fpath beside _cargo': ['--lib'],
  fish: ['--lib'],
};

for (const kind of SHELL_KINDS) {
  test(`${kind}: other cargo commands complete as they did`, async (t) => {
    const lines = ['cargo test --li', 'cargo profile-b', 'cargo build --manifest-path out/fi'];
    const [flags, subcommands] = await offered(kind, lines, completionProject(t));
    assert.deepEqual(flags, CARGOS_OWN[kind]);
    assert.deepEqual(subcommands, ['profile-bee']);
  });
}

/** Without bash-completion there is nobody to ask for the command behind `profile-bee --`; files are offered. */
function expectedOf(kind: string, expected: string): string {
  return kind === 'bash' && expected === '--event' ? '' : expected;
}
