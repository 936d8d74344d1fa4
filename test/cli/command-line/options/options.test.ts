import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../../src/cargo/command/usage-error.js';
import type { CommandName } from '../../../../src/surfaces/cli/command-line/flag-specification.js';
import { toOptions } from '../../../../src/surfaces/cli/command-line/options/options.js';
import type {
  OutputRequest,
  RecordOptions,
} from '../../../../src/surfaces/cli/command-line/options/record-options.js';
import { parseFlags } from '../../../../src/surfaces/cli/command-line/parse-flags.js';

async function optionsOf(command: CommandName, line: string): Promise<RecordOptions> {
  const ours = words(line);
  const parts = command === 'profile-bee' ? { ours, program: ['true'] } : { ours, cargo: [] };
  return toOptions(command, await parseFlags(command, ours), parts);
}

function byName({ path, format }: OutputRequest): { path: string | undefined; format: string } {
  return { path, format: format.name };
}

function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

test('defaults: 997 Hz for the wrapper, 99 for a command, cpu-clock, DWARF, the command’s own outputs', async () => {
  const wrapper = await optionsOf('cargo-profile-bee', '');
  assert.equal(wrapper.plan.frequencyHz, 997);
  assert.equal(wrapper.plan.event, 'cpu-clock');
  assert.equal(wrapper.plan.unwinder, 'dwarf');
  assert.ok(wrapper.plan.maxDepth >= 1_000);
  assert.deepEqual([wrapper.outputs, wrapper.rules, wrapper.open], [[], [], undefined]);
  assert.equal((await optionsOf('profile-bee', '')).plan.frequencyHz, 99);
});

/** A line for `profile-bee -- true` | a path in the options | what stands there, as JSON */
const MEANINGS = `
--frequency 250                 | plan.frequencyHz | 250
-F 250                          | plan.frequencyHz | 250
-F250                           | plan.frequencyHz | 250
--frequency=250                 | plan.frequencyHz | 250
--event cycles                  | plan.event       | "cycles"
--unwind fp                     | plan.unwinder    | "fp"
--dwarf                         | plan.unwinder    | "dwarf"
--max-depth 64                  | plan.maxDepth    | 64
--svg a                         | plan.maxDepth    | 1024
--demangle simple               | demangle         | "simple"
--svg a                         | demangle         | "full"
--table-memory 100              | plan.tableMiB    | 100
--svg a                         | symbolize        | {"cacheBytes":268435456,"isAhead":true}
--symbol-cache 1.5              | symbolize        | {"cacheBytes":1572864,"isAhead":true}
--symbol-cache 0 --symbolize-at-exit | symbolize   | {"cacheBytes":0,"isAhead":false}
--debuginfod-wait 0.5           | debuginfodWaitMs | 500
--quiet                         | debuginfodWaitMs | 2000
--time 1500                     | durationMs       | 1500
-d 1.5                          | durationMs       | 1500
-d 10                           | durationMs       | 10000
--svg a                         | outputs          | [{"format":"svg","path":"a"}]
--collapse a                    | outputs          | [{"format":"folded","path":"a"}]
-o a.svg                        | outputs          | [{"format":"svg","path":"a.svg"}]
-o a.folded                     | outputs          | [{"format":"folded","path":"a.folded"}]
-o a.svg -o b.folded            | outputs          | [{"format":"svg","path":"a.svg"},{"format":"folded","path":"b.folded"}]
-o a.collapsed                  | outputs          | [{"format":"folded","path":"a.collapsed"}]
-o a.TXT                        | outputs          | [{"format":"folded","path":"a.TXT"}]
-o a --format svg               | outputs          | [{"format":"svg","path":"a"}]
-o a -o b.svg --format txt      | outputs          | [{"format":"folded","path":"a"},{"format":"svg","path":"b.svg"}]
-o -                            | outputs          | [{"format":"folded"}]
-o - --format svg               | outputs          | [{"format":"svg"}]
-f                              | outputs          | [{"format":"folded"}]
--svg a -f                      | outputs          | [{"format":"svg","path":"a"},{"format":"folded"}]
--collapse -                    | outputs          | [{"format":"folded"}]
--group-by test                 | groupBy          | "test"
--split -o a.svg                | split            | true
--svg a                         | split            | false
--summary-json s.json           | summaryPath      | "s.json"
--raw-samples r.ndjson          | rawSamplesPath   | "r.ndjson"
--open                          | open             | true
--no-open                       | open             | false
--quiet                         | verbosity        | "quiet"
--verbose                       | verbosity        | "verbose"
--require lost<=1               | rules.length     | 1
--require lost<=1 --require samples>=5 | rules.length | 2
`;

for (const [line = '', path = '', expected = ''] of rows(MEANINGS)) {
  test(`${line} means ${path} = ${expected}`, async () => {
    const { outputs, ...others } = await optionsOf('profile-bee', line);
    const options: unknown = { ...others, outputs: outputs.map(byName) };
    const value = path.split('.').reduce((at, key) => (at as Record<string, unknown>)[key], options);
    assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(expected));
  });
}

/** Command | line | what the message, or the advice after it, says */
const REFUSALS = `
profile-bee       | --frequency 0             | frequency 0: choose a whole number
profile-bee       | --frequency -5            | frequency
profile-bee       | --frequency 1000000000    | above the kernel.s limit
profile-bee       | --frequency 9.5           | frequency
profile-bee       | --frequency fast          | frequency.*fast
profile-bee       | --frequency               | frequency needs
profile-bee       | --frequencyy 99           | mean --frequency
profile-bee       | --collaps x               | mean --collapse
profile-bee       | --raw-samples -           | raw samples must go to a file
profile-bee       | --raw-samples a.svg --svg a.svg | given for two outputs
profile-bee       | --max-depth 0             | max-depth 0: choose a whole number of frames, 1 to 1024
profile-bee       | --max-depth 1025          | 1 to 1024
profile-bee       | --max-depth 7.5           | whole number of frames
profile-bee       | --symbol-cache=-1         | symbol-cache -1: choose a size in MB, 0 for none
profile-bee       | --table-memory 1          | table-memory 1: choose a whole number of MB, 2 to 1024
profile-bee       | --debuginfod-wait -1      | debuginfod-wait -1: choose a number of seconds, 0 to 86400
profile-bee       | --event instructions      | cpu-clock or cycles
profile-bee       | --unwind magic            | dwarf or fp
profile-bee       | --dwarf --unwind fp       | contradict
profile-bee       | --time 0                  | above zero
profile-bee       | -d 0                      | above zero
profile-bee       | -d -1                     | duration|-d
profile-bee       | -d 1 --time 5             | exclude
profile-bee       | -o picture.png            | picture.png.*known endings: .svg, .folded, .collapsed, .txt; or add --format NAME: svg, folded
profile-bee       | -o .svg                   | known endings
profile-bee       | -o a --format png         | format png: choose svg, folded, collapsed or txt
profile-bee       | -o a.svg --format folded  | is for -o.*-o NAME --format folded
profile-bee       | --format svg              | is for -o
profile-bee       | --svg a --format svg      | is for -o
profile-bee       | --group-by crate          | choose binary, process, thread, test or none
profile-bee       | --split                   | standard output.*-o FILE
profile-bee       | --split --svg a -f        | standard output
profile-bee       | --split --collapse -      | standard output
profile-bee       | --svg a --collapse a      | two outputs
profile-bee       | --svg a --svg b           | svg
profile-bee       | --require beauty>=9       | beauty
profile-bee       | --require complete        | complete
profile-bee       | --pid 1                   | exclude
profile-bee       | --html x                  | --html
profile-bee       | --json x                  | --json
profile-bee       | stray                     | stray
cargo-profile-bee | --pid 1                   | --pid
cargo-profile-bee | --cmd true                | --cmd
cargo-profile-bee | --dev --profile dist      | exclude
cargo-profile-bee | --colapse x               | mean --collapse
`;

for (const [command = '', line = '', says = ''] of rows(REFUSALS)) {
  test(`${command} ${line}: refused, and says why`, async () => {
    await assert.rejects(optionsOf(command as CommandName, line), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(`${error.message} ${error.advice}`, new RegExp(says));
      return true;
    });
  });
}

function rows(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => line.split(' | ').map((cell) => cell.trim()));
}

test('--cmd is split into words; an empty one is refused', async () => {
  const flags = await parseFlags('profile-bee', ['--cmd', `echo 'two words'`]);
  assert.deepEqual(toOptions('profile-bee', flags, { ours: [] }).target, {
    kind: 'command',
    argv: ['echo', 'two words'],
  });
  assert.throws(() => toOptions('profile-bee', { cmd: ' ' }, { ours: [] }), UsageError);
});

test('the wrapper’s own output is a file, which can be split', async () => {
  assert.equal((await optionsOf('cargo-profile-bee', '--split')).split, true);
});

test('--pid takes pids, each once, with commas or repeated, and nothing else', async () => {
  const flags = await parseFlags('profile-bee', ['-p', '42,7', '--pid=7', '-p9', '--no-children']);
  assert.deepEqual(toOptions('profile-bee', flags, { ours: [] }).target, {
    kind: 'pid',
    pids: [42, 7, 9],
    withChildren: false,
  });
  for (const pid of ['0', '-1', '1.5', '1,,2', '1,', '', '1e3', 'self'])
    assert.throws(() => toOptions('profile-bee', { pid: [pid] }, { ours: [] }), UsageError, pid);
  const alone = { children: false };
  assert.throws(() => toOptions('profile-bee', alone, { ours: [], program: ['true'] }), /needs --pid/);
});
