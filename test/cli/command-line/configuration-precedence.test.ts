import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import {
  withDefaults,
  withoutProfile,
} from '../../../src/surfaces/cli/command-line/configuration/with-defaults.js';
import { toOptions } from '../../../src/surfaces/cli/command-line/options/options.js';
import type { RecordOptions } from '../../../src/surfaces/cli/command-line/options/record-options.js';
import { type Flags, parseFlags } from '../../../src/surfaces/cli/command-line/parse-flags.js';
import { manifest } from '../../cargo/cargo-project.js';
import { configuredProject } from './configured-project.js';

/** For each setting four values: of the workspace, of the package, of profile-bee.toml, and a flag for the last. */
const LEVELS = `
frequency    | 11          | 12          | 13          | --frequency 14
event        | "cycles"    | "cpu-clock" | "cycles"    | --event cpu-clock
unwind       | "fp"        | "dwarf"     | "fp"        | --unwind dwarf
max-depth    | 1           | 2           | 3           | --max-depth 4
demangle     | "none"      | "simple"    | "none"      | --demangle simple
table-memory | 2           | 3           | 4           | --table-memory 5
symbol-cache | 0           | 1           | 2           | --symbol-cache 3
symbolize-at-exit | true   | false       | true        | --symbolize-at-exit
debuginfod-wait | 1        | 3           | 4           | --debuginfod-wait 5
output       | "/1.svg"    | ["/2.svg"]  | "/3.svg"    | -o /4.svg
svg          | "/1"        | "/2"        | "/3"        | --svg /4
collapse     | "/1"        | "/2"        | "/3"        | --collapse /4
summary-json | "/1"        | "/2"        | "/3"        | --summary-json /4
raw-samples  | "/1"        | "/2"        | "/3"        | --raw-samples /4
profile      | "p1"        | "p2"        | "p3"        | --profile p4
as-is        | true        | false       | true        | --as-is
profile-time | 1           | 2           | 3           | --profile-time 4
group-by     | "test"      | "thread"    | "process"   | --group-by binary
split        | true        | false       | true        | --split
open         | true        | false       | true        | --no-open
require      | "samples>=1" | ["samples>=2"] | "samples>=3" | --require samples>=4
`;

async function typed(line: string): Promise<Flags> {
  return await parseFlags(
    'cargo-profile-bee',
    line.split(' ').filter((word) => word !== ''),
  );
}

function optionsOf(flags: Flags): RecordOptions {
  return toOptions('cargo-profile-bee', flags, { ours: [], cargo: [] });
}

function parsedValue(toml: string, isList: boolean): unknown {
  const value: unknown = JSON.parse(toml);
  return isList && !Array.isArray(value) ? [value] : value;
}

for (const line of LEVELS.split('\n').filter((text) => text !== '')) {
  const [name = '', workspace = '', ofPackage = '', file = '', flag = ''] = line
    .split(' | ')
    .map((cell) => cell.trim());
  test(`${name}: workspace < package < profile-bee.toml < command line, each over each`, async (t) => {
    const table = (owner: string, value: string) => `[${owner}.metadata.profile-bee]\n${name} = ${value}\n`;
    const { directory, read } = await configuredProject(t, {
      'Cargo.toml': `[workspace]\nmembers = ["with", "bare"]\nresolver = "2"\n${table('workspace', workspace)}`,
      'with/Cargo.toml': manifest('with', table('package', ofPackage)),
      'with/src/lib.rs': '',
      'bare/Cargo.toml': manifest('bare'),
      'bare/src/lib.rs': '',
    });
    const own = await typed(flag);
    const [key = ''] = Object.keys(own) as (keyof Flags)[];
    const isList = name === 'output' || name === 'require';
    const path = join(directory, 'profile-bee.toml');
    const check = async (profiled: string, value: string, place: string) => {
      const { defaults } = await read(profiled);
      const merged = withDefaults({}, defaults);
      assert.deepEqual(merged[key as keyof Flags], parsedValue(value, isList), place);
      assert.equal(merged.places?.[key], join(directory, place));
      const underFlag = withDefaults(own, defaults);
      assert.deepEqual(underFlag, { ...own, places: {} }, `${flag} over ${place}`);
    };
    await check('bare', workspace, 'Cargo.toml:5');
    await check('with', ofPackage, 'with/Cargo.toml:6');
    writeFileSync(path, `\n${name} = ${file}\n`);
    await check('bare', file, 'profile-bee.toml:2');
    await check('with', file, 'profile-bee.toml:2');
    rmSync(path);
    const before = optionsOf({});
    const after = optionsOf(withDefaults({}, (await read('bare')).defaults));
    assert.notDeepEqual(after, before, 'over what is built in');
  });
}

/** Configured flags | flags above them | what is left, as flags. */
const ALTERNATIVES = `
--svg a --collapse b -o c.svg | --svg d                   | --svg d
--svg a -o c.svg              | --collapse d              | --collapse d
--svg a                       | -o d.folded -o e.svg      | -o d.folded -o e.svg
-o a.svg -o b.folded          | --frequency 9             | -o a.svg -o b.folded --frequency 9
--svg a --summary-json s      | --collapse b              | --collapse b --summary-json s
--svg a                       | --summary-json s          | --svg a --summary-json s
--profile dist                | --dev                     | --dev
--profile dist                | --as-is                   | --as-is
--as-is                       | --profile dist            | --profile dist
--as-is                       | --dev                     | --dev
--unwind fp                   | --dwarf                   | --dwarf
--open                        | --no-open                 | --no-open
--require lost<=1             | --require depth>=2        | --require depth>=2
--require lost<=1 --event cycles | --unwind fp            | --require lost<=1 --event cycles --unwind fp
`;

for (const line of ALTERNATIVES.split('\n').filter((text) => text !== '')) {
  const [lower = '', higher = '', left = ''] = line.split('|').map((cell) => cell.trim());
  test(`${lower}, under ${higher}: ${left}`, async () => {
    const merged = withDefaults(await typed(higher), await typed(lower));
    assert.deepEqual(merged, { ...(await typed(left)), places: {} });
    optionsOf(merged); // nothing contradicts itself
  });
}

test('as-is = false takes back as-is, and no profile', () => {
  assert.deepEqual(withDefaults({ asIs: false }, { asIs: true }), { asIs: false, places: {} });
  const kept = withDefaults({ asIs: false }, { profile: 'dist', places: { profile: 'a:1' } });
  assert.deepEqual(kept, { asIs: false, profile: 'dist', places: { profile: 'a:1' } });
  assert.deepEqual(optionsOf(kept).target, {
    ...{ kind: 'cargo', cargo: [], program: undefined, typedBefore: ['cargo', 'profile-bee'] },
    profileTimeSeconds: undefined,
    profile: { kind: 'named', name: 'dist' },
  });
});

test('an empty list takes back what is configured below', () => {
  const merged = withDefaults({ output: [], require: [] }, { svg: '/a', output: ['/b.svg'], require: ['x'] });
  assert.deepEqual(optionsOf(merged).outputs, []);
  assert.deepEqual(optionsOf(merged).rules, []);
});

test('a profile in cargo’s part of the line replaces the configured one, and leaves as-is', () => {
  const places = { profile: 'a:1', open: 'a:2' };
  assert.deepEqual(withoutProfile({ profile: 'dist', open: true, places }), {
    open: true,
    places: { open: 'a:2' },
  });
  assert.deepEqual(withoutProfile({ asIs: true }), { asIs: true, places: {} });
});

/** What only this machine, or the whole line, refuses still names the file. */
test('errors of merged flags name the place of a configured value', async (t) => {
  const text = 'frequency = 1_000_000_000\nsvg = "a.svg"\n';
  const { directory, read } = await configuredProject(t, { 'profile-bee.toml': text });
  const { defaults } = await read();
  const limit = `${directory}/profile-bee.toml:1: frequency = 1000000000 is above the kernel's limit`;
  assert.throws(() => optionsOf(withDefaults({}, defaults)), startsWith(limit));
  assert.equal(optionsOf(withDefaults({ frequency: 9 }, defaults)).plan.frequencyHz, 9);
  const file = `${directory}/a.svg`;
  const merged = withDefaults({ frequency: 9, summaryJson: file }, defaults);
  assert.throws(
    () => optionsOf(merged),
    startsWith(`${directory}/profile-bee.toml:2: ${file} is given for two outputs`),
  );
});

function startsWith(text: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UsageError && error.message.startsWith(text), String(error));
    return true;
  };
}
