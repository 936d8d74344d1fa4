import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { CARGO_FLAGS } from '../../../src/cargo/command/cargo-flags.js';
import { NEXTEST_FLAGS } from '../../../src/cargo/command/nextest-command.js';
import {
  CARGO_FLAG_FACTS,
  cargoFlags,
  cargoFlagsOf,
} from '../../../src/surfaces/cli/command-line/completions/cargo-flag-facts.js';
import { completionScript } from '../../../src/surfaces/cli/command-line/completions/completion-script.js';
import { nextestFlags } from '../../../src/surfaces/cli/command-line/completions/nextest-flag-facts.js';
import { quoted } from '../../../src/surfaces/cli/command-line/completions/quoted.js';
import type { CommandName } from '../../../src/surfaces/cli/command-line/flag-specification.js';
import { flagsOf } from '../../../src/surfaces/cli/command-line/flags.js';
import { helpText } from '../../../src/surfaces/cli/command-line/help.js';
import { manPage } from '../../../src/surfaces/cli/command-line/manual/man-page.js';
import { commandsOf, SHELLS } from '../../../src/surfaces/cli/commands/commands.js';

const COMMANDS: readonly CommandName[] = ['cargo-profile-bee', 'profile-bee'];

test('the values of a flag that accepts only some are offered', () => {
  const flags = COMMANDS.flatMap(flagsOf).filter((flag) => flag.choices !== undefined);
  assert.ok(flags.length > 0);
  for (const shell of SHELLS)
    for (const { choices = [] } of flags) assert.ok(completionScript(shell).includes(choices.join(' ')));
});

test('zsh and fish show what a flag is for', () => {
  for (const { name, describe } of COMMANDS.flatMap(flagsOf)) {
    assert.ok(completionScript('zsh').includes(quoted(`--${name}:${describe}`)), name);
    assert.ok(completionScript('fish').includes(` -d ${quoted(describe)}`), name);
  }
});

test('cargo has what is offered as its flags', () => {
  for (const verb of ['run', 'test', 'bench']) {
    const env = { ...process.env, CARGO_TERM_COLOR: 'never' };
    const { stdout } = spawnSync('cargo', [verb, '--help'], { encoding: 'utf8', env });
    const known = new Set(stdout.match(/(?<=[\s,])--?[\w-]+/g));
    const offered = cargoFlagsOf(verb).map(({ spellings }) => spellings.at(-1)!);
    const unknown = offered.filter((flag) => !known.has(flag) && !isUnstable(flag));
    assert.deepEqual(unknown, [], verb);
  }
});

/** Hidden from `cargo --help` on stable. */
function isUnstable(flag: string): boolean {
  return /\(unstable\)$/.test(CARGO_FLAG_FACTS[flag]?.describe ?? '');
}

test('each flag of cargo that is offered has a description; add one to CARGO_FLAG_FACTS', () => {
  const silent = [...cargoFlags(), ...nextestFlags()].filter(({ describe }) => describe === '');
  assert.deepEqual(
    silent.map(({ spellings }) => spellings.join(' ')),
    [],
  );
});

test('only flags that the parser of cargo’s part knows, with a value where it takes one', () => {
  for (const [flags, table] of [
    [cargoFlags(), CARGO_FLAGS],
    [nextestFlags(), NEXTEST_FLAGS],
  ] as const)
    for (const { spellings, value } of flags)
      for (const spelling of spellings)
        assert.ok((value === undefined ? table.boolean : table.withValue).has(spelling), spelling);
});

for (const command of COMMANDS) {
  test(`${command}: --help and the manual page name every flag and every other command`, () => {
    const manual = manPage(command).replaceAll('\\-', '-');
    for (const { name, describe } of flagsOf(command)) {
      assert.match(helpText(command), new RegExp(`--${name}\\b`));
      assert.match(manual, new RegExp(`--${name}\\b`));
      assert.ok(helpText(command).includes(describe));
    }
    for (const { word } of commandsOf(command)) {
      assert.match(helpText(command), new RegExp(`^ {2}${word} `, 'm'));
      assert.ok(manual.includes(`\\fB${command} ${word}\\fR`));
    }
  });
}
