import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENTS } from '../../../src/capture/events/events.js';
import { EXIT_CODES } from '../../../src/surfaces/cli/command-line/command-page.js';
import { completionScript } from '../../../src/surfaces/cli/command-line/completions/completion-script.js';
import type { CommandName } from '../../../src/surfaces/cli/command-line/flag-specification.js';
import { flagsOf } from '../../../src/surfaces/cli/command-line/flags.js';
import { helpText } from '../../../src/surfaces/cli/command-line/help.js';
import { manPage } from '../../../src/surfaces/cli/command-line/manual/man-page.js';
import { OUTPUT_FORMATS } from '../../../src/surfaces/cli/command-line/options/output-formats.js';
import { commandHelp } from '../../../src/surfaces/cli/commands/command-help.js';
import { commandsOf, SHELLS } from '../../../src/surfaces/cli/commands/commands.js';
import { firstColumn, PAGES, pageOf, sectionOf } from '../../docs/page.js';

const COMMANDS: readonly CommandName[] = ['cargo-profile-bee', 'profile-bee'];

/** The manual as it reads, without fonts. */
function manualText(command: CommandName): string {
  return manPage(command).replaceAll('\\-', '-').replaceAll(/\\f./g, '');
}

function choicesOf(command: CommandName, flag: string): readonly string[] {
  return flagsOf(command).find(({ name }) => name === flag)?.choices ?? [];
}

for (const command of COMMANDS) {
  test(`${command}: help, manual and completions have every format`, () => {
    const [help, manual] = [helpText(command), manualText(command)];
    for (const { name, endings, describe, flag } of OUTPUT_FORMATS) {
      assert.match(help, new RegExp(`--output FILE .*\\${endings[0]}\\b`), name);
      assert.match(help, new RegExp(`--format NAME .*\\b${name}\\b`), name);
      assert.match(manual, new RegExp(`^\\.TP\n${name}\n${describe}: .*${endings.join(', ')}`, 'im'));
      for (const word of [name, ...endings.map((ending) => ending.slice(1))])
        assert.ok(choicesOf(command, 'format').includes(word), word);
      if (flag !== undefined) assert.match(help, new RegExp(`--${flag} FILE .*${describe}`));
    }
  });

  test(`${command}: help, manual and completions have every event`, () => {
    for (const { spelling, describe } of EVENTS) {
      assert.match(helpText(command), new RegExp(`--event NAME .*\\b${spelling}\\b`));
      assert.match(manualText(command), new RegExp(`^\\.TP\n${spelling}\n${describe}\\.`, 'm'));
      assert.ok(choicesOf(command, 'event').includes(spelling));
    }
  });

  test(`${command}: the help of each command has its flags and subcommands`, () => {
    for (const known of commandsOf(command)) {
      const help = commandHelp(known, command);
      for (const { name, describe } of known.flags ?? []) {
        assert.match(help, new RegExp(`--${name}\\b`));
        assert.ok(help.includes(describe), describe);
      }
      for (const { word, describe } of known.subcommands ?? [])
        assert.match(help, new RegExp(`${command} ${known.word} ${word} .*\n +${describe}`));
    }
  });
}

test('help, manual and pages have every exit code of ours', () => {
  const pages = [pageOf('README.md').text, sectionOf(pageOf('docs/cargo.md'), 'Exit codes').join('\n')];
  for (const { code, says } of EXIT_CODES) {
    for (const command of COMMANDS) {
      assert.ok(helpText(command).includes(` ${code} ${says}`), says);
      assert.match(manualText(command), new RegExp(`^\\.TP\n${code}\n${says}\\.`, 'im'));
    }
    for (const text of pages) assert.match(text, new RegExp(`\\b${code}\\b`));
  }
});

test('the completions have every command', () => {
  for (const shell of SHELLS)
    for (const { word } of COMMANDS.flatMap(commandsOf))
      assert.match(completionScript(shell), new RegExp(`[ '"|]${word}\\b`), `${shell}: ${word}`);
});

test('the pages have every format, every event and every command', () => {
  assert.deepEqual(
    firstColumn(sectionOf(pageOf('docs/flamegraph.md'), 'Files')),
    OUTPUT_FORMATS.map(({ name }) => name),
  );
  const files = sectionOf(pageOf('docs/flamegraph.md'), 'Files').join('\n');
  for (const { name, endings } of OUTPUT_FORMATS)
    assert.ok(files.includes(`| \`${name}\` | ${endings.join(', ')} |`), name);
  assert.deepEqual(
    firstColumn(sectionOf(pageOf('docs/unwinding.md'), 'Events')).slice(1),
    EVENTS.map(({ spelling }) => spelling),
  );
  const text = PAGES.map((page) => page.text).join('\n');
  const words = COMMANDS.flatMap(commandsOf).map(({ word }) => word);
  const unsaid = words.filter((word) => !new RegExp(`profile-bee ${word}\\b`).test(text));
  assert.deepEqual([...new Set(unsaid)], ['help']);
});
