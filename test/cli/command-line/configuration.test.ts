import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { COMMAND_LINE_ONLY, SETTINGS } from '../../../src/surfaces/cli/command-line/configuration/setting.js';
import { flagsOf } from '../../../src/surfaces/cli/command-line/flags.js';
import { manifest } from '../../cargo/cargo-project.js';
import { type ConfiguredProject, configuredProject, refusalOf } from './configured-project.js';

/** Settings | the flags that they become, as JSON; DIR: the directory of the file, UP: the one above it */
const MEANINGS = `
frequency = 250                         | {"frequency":250}
frequency = 250.0                       | {"frequency":250}
event = "cycles"                        | {"event":"cycles"}
unwind = "fp"                           | {"unwind":"fp"}
max-depth = 200                         | {"maxDepth":200}
demangle = "simple"                     | {"demangle":"simple"}
table-memory = 64                       | {"tableMemory":64}
symbol-cache = 0                        | {"symbolCache":0}
symbolize-at-exit = true                | {"symbolizeAtExit":true}
debuginfod-wait = 10                    | {"debuginfodWait":10}
output = "a b.svg"                      | {"output":["DIR/a b.svg"]}
output = ["a.svg", "out/b.folded", "-"] | {"output":["DIR/a.svg","DIR/out/b.folded","-"]}
output = []                             | {"output":[]}
output = "/dev/null.svg"                | {"output":["/dev/null.svg"]}
svg = "../a.svg"                        | {"svg":"UP/a.svg"}
collapse = "a.txt"                      | {"collapse":"DIR/a.txt"}
collapse = "-"                          | {"collapse":"-"}
summary-json = "s.json"                 | {"summaryJson":"DIR/s.json"}
raw-samples = "r.ndjson"                | {"rawSamples":"DIR/r.ndjson"}
profile = "dist"                        | {"profile":"dist"}
as-is = true                            | {"asIs":true}
open = false                            | {"open":false}
open = true                             | {"open":true}
require = "complete>=99,lost<=1"        | {"require":["complete>=99,lost<=1"]}
require = ["complete>=99", "lost<=1"]   | {"require":["complete>=99","lost<=1"]}
`;

/** Settings | the refusal after `file:line: `, with the advice in parentheses */
const REFUSALS = `
frequencyy = 99             | unknown setting frequencyy (did you mean frequency?)
summary_json = "s.json"     | unknown setting summary_json (did you mean summary-json?)
summaryJson = "s.json"      | unknown setting summaryJson (did you mean summary-json?)
collaps = "a"               | unknown setting collaps (did you mean collapse?)
Open = true                 | unknown setting Open (did you mean open?)
colour = "red"              | unknown setting colour (KNOWN)
"od d\\u001b[2J" = 1        | unknown setting "od d\\u001b[2J" (KNOWN)
"" = 1                      | unknown setting "" (KNOWN)
__proto__ = 1               | unknown setting __proto__ (KNOWN)
constructor = 1             | unknown setting constructor (KNOWN)
pid = 4                     | unknown setting pid (KNOWN)
target.svg = "a.svg"        | unknown setting target (settings are not grouped into tables KNOWN)
quiet = true                | quiet is not a setting (--quiet belongs on the command line)
verbose = true              | verbose is not a setting (--verbose belongs on the command line)
dev = true                  | dev is not a setting (profile = "dev")
format = "svg"              | format is not a setting (the ending of a name tells the format, as in output = "out.svg")
dwarf = true                | dwarf is not a setting (unwind = "dwarf")
frequency = "99"            | frequency needs a number, not the string "99"
frequency = true            | frequency needs a number, not true
frequency = [99]            | frequency needs a number, not an array
frequency = 2026-01-31      | frequency needs a number, not a date
frequency = 0               | frequency = 0: choose a whole number of samples a second, 1 or more
frequency = -5              | frequency = -5: choose a whole number of samples a second, 1 or more
frequency = 9.5             | frequency = 9.5: choose a whole number of samples a second, 1 or more
event = 1                   | event needs a string, not 1
event = "instructions"      | event = instructions: choose cpu-clock or cycles
unwind = "magic"            | unwind = magic: choose dwarf or fp
unwind = ""                 | unwind needs a value, not an empty string
output = 1                  | output needs a string or an array of strings, not 1
output = ["a.svg", 1]       | output needs a string or an array of strings, not 1
output = ["a.svg", ""]      | output needs a value, not an empty string
output = "a.png"            | output = DIR/a.png: the name does not determine the format (known endings: .svg, .folded, .collapsed, .txt; svg and collapse take any name)
output = ["a.svg", "a.svg"] | DIR/a.svg is given for two outputs
svg = ["a.svg"]             | svg needs a string, not an array
svg.file = "a.svg"          | svg needs a string, not a table
svg = "a\\u0000b.svg"       | svg contains a zero byte: the string "a\\u0000b.svg"
collapse = false            | collapse needs a string, not false
summary-json = true         | summary-json needs a string, not true
profile = true              | profile needs a string, not true
as-is = "yes"               | as-is needs true or false, not the string "yes"
open = "yes"                | open needs true or false, not the string "yes"
open = 1                    | open needs true or false, not 1
require = 99                | require needs a string or an array of strings, not 99
require = "beauty>=9"       | require = "beauty>=9": unknown measure beauty (RULES)
require = ["lost<=1", "x"]  | require = "x": not a rule (RULES)
`;
const KNOWN = `known settings: ${[...SETTINGS.keys()].join(', ')}`;
const RULES =
  'for example complete>=99,lost<=1; measures: complete, symbolized, guessed, lost, unaccounted, frames, samples, depth';

function rows(table: string): { line: string; expected: string }[] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  return lines.map((row) => {
    const [line = '', expected = ''] = row.split(' | ').map((cell) => cell.trim());
    return { line, expected: expected.replace('KNOWN', KNOWN).replace('RULES', RULES) };
  });
}

async function checkMeaning(
  project: ConfiguredProject,
  profiled: string,
  expected: string,
  place: string,
): Promise<void> {
  const { defaults, notes } = await project.read(profiled);
  const { places, ...flags } = defaults;
  const directory = join(project.directory, dirname(place));
  const text = expected.replace('UP', dirname(directory)).replaceAll('DIR', directory);
  assert.deepEqual(flags, JSON.parse(text));
  assert.deepEqual(places, { [Object.keys(flags)[0]!]: join(project.directory, place) });
  assert.deepEqual(notes, []);
}

test('profile-bee.toml: every setting, and every refusal with its line', async (t) => {
  const project = await configuredProject(t, {});
  const write = (text: string) => writeFileSync(join(project.directory, 'profile-bee.toml'), text);
  for (const { line, expected } of rows(MEANINGS)) {
    await t.test(line, async () => {
      write(`# a comment\n\n${line} # another\n`);
      await checkMeaning(project, 'app', expected, 'profile-bee.toml:3');
    });
  }
  for (const { line, expected } of rows(REFUSALS)) {
    await t.test(`${line} is refused`, async () => {
      write(`# a comment\r\n\r\n${line} # another\r\n`);
      assert.equal(await refusalOf(project), `DIR/profile-bee.toml:3: ${expected}`);
    });
  }
});

/** One workspace with a member for each row, so that cargo is asked once. */
async function memberForEach(t: TestContext, lines: readonly string[]): Promise<ConfiguredProject> {
  const members = lines.flatMap((line, index) => [
    [
      `m${index}/Cargo.toml`,
      manifest(`m${index}`, `[package.metadata.profile-bee]\n${line} # ends\n[lib]\nname = "x${index}"`),
    ],
    [`m${index}/src/lib.rs`, ''],
  ]);
  const root = manifest('app', '[workspace]\nmembers = ["m*"]');
  return await configuredProject(t, { 'Cargo.toml': root, ...Object.fromEntries(members) });
}

test('[package.metadata.profile-bee]: every setting, and every refusal with its line', async (t) => {
  const meanings = rows(MEANINGS);
  const refusals = rows(REFUSALS);
  const project = await memberForEach(
    t,
    [...meanings, ...refusals].map(({ line }) => line),
  );
  for (const [index, { line, expected }] of meanings.entries()) {
    await t.test(line, () => checkMeaning(project, `m${index}`, expected, `m${index}/Cargo.toml:6`));
  }
  for (const [offset, { line, expected }] of refusals.entries()) {
    await t.test(`${line} is refused`, async () => {
      const name = `m${meanings.length + offset}`;
      const refusal = (await refusalOf(project, name)).replaceAll(`DIR/${name}/`, 'DIR/');
      assert.equal(refusal, `DIR/Cargo.toml:6: ${expected}`);
    });
  }
});

test('[workspace.metadata.profile-bee] is read by the same rules', async (t) => {
  const settings = 'frequency = 50\noutput = ["a.svg"]\nrequire = "lost<=1"';
  const root = `[workspace]\nmembers = ["a"]\nresolver = "2"\n[workspace.metadata.profile-bee]\n${settings}\n`;
  const member = { 'a/Cargo.toml': manifest('a'), 'a/src/main.rs': 'fn main() {}' };
  const project = await configuredProject(t, { 'Cargo.toml': root, ...member });
  const { directory } = project;
  const expected = { frequency: 50, output: [`${directory}/a.svg`], require: ['lost<=1'] };
  for (const profiled of ['a', 'several']) {
    const { places, ...flags } = (await project.read(profiled)).defaults;
    assert.deepEqual(flags, expected);
    assert.deepEqual(
      Object.values(places ?? {}),
      [5, 6, 7].map((line) => `${directory}/Cargo.toml:${line}`),
    );
  }
});

for (const line of ['frequencyy = 99', 'frequency = "99"', 'require = "beauty>=9"', '__proto__ = 1']) {
  test(`[workspace.metadata.profile-bee]: ${line} is refused, with its line`, async (t) => {
    const { expected } = rows(REFUSALS).find((row) => row.line === line)!;
    const text = `[workspace]\n\n[workspace.metadata.profile-bee] # ours\nopen = true\n${line}\n`;
    const project = await configuredProject(t, { 'Cargo.toml': manifest('app', text) });
    assert.equal(await refusalOf(project), `DIR/Cargo.toml:9: ${expected}`);
  });
}

test('two answers to one question in one file are refused', async (t) => {
  const project = await configuredProject(t, { 'profile-bee.toml': 'as-is = true\nprofile = "dist"\n' });
  assert.equal(await refusalOf(project), 'DIR/profile-bee.toml:2: profile and as-is exclude each other');
  const twice = 'output = "a.svg"\nsummary-json = "./a.svg"\n';
  const other = await configuredProject(t, { 'profile-bee.toml': twice });
  assert.equal(await refusalOf(other), 'DIR/profile-bee.toml:2: DIR/a.svg is given for two outputs');
});

test('a bad value is refused also where it is overruled', async (t) => {
  const cargo = manifest('app', '[package.metadata.profile-bee]\nevent = "magic"');
  const project = await configuredProject(t, { 'Cargo.toml': cargo, 'profile-bee.toml': 'event = "cycles"' });
  assert.equal(await refusalOf(project), 'DIR/Cargo.toml:6: event = magic: choose cpu-clock or cycles');
});

test('a project without settings has none; metadata of other tools is theirs', async (t) => {
  const text = '[package.metadata]\nprofile = 3\n[package.metadata.docs.rs]\nall-features = true';
  const project = await configuredProject(t, { 'Cargo.toml': manifest('app', text) });
  assert.deepEqual(await project.read(), { defaults: {}, notes: [] });
});

test('what to write instead is said of flags that the wrapper has', () => {
  const names = flagsOf('cargo-profile-bee').map(({ name }) => name);
  assert.deepEqual(
    [...COMMAND_LINE_ONLY.keys()].filter((name) => !names.includes(name)),
    [],
  );
});

test('the documentation: its example is accepted, its table has every setting', async (t) => {
  const page = readFileSync('docs/configuration.md', 'utf8');
  const [, example = ''] = /```toml\n(.*?)```/s.exec(page) ?? [];
  const { defaults } = await (await configuredProject(t, { 'profile-bee.toml': example })).read();
  assert.equal(Object.keys(defaults).length, 5, 'four settings, and their places');
  const firstCells = [...page.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = '']) => cell);
  const names = firstCells.flatMap((cell) => [...cell.matchAll(/`(.*?)`/g)].map(([, name = '']) => name));
  assert.deepEqual(names.sort(), [...SETTINGS.keys()].sort());
});
