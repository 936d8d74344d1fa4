import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { checkedUnwinding } from '../kernel/unwinding/check-unwinding.js';
import { compiledCppFixture, compiledFixture, fixtureSource } from '../kernel/unwinding/unwinding-fixture.js';
import { builtRipgrep } from './built-ripgrep.js';
import { builtTokioServer } from './built-tokio-server.js';

const LEAST_CHECKED = 100_000;
const LEAST_OF_EACH = 1_000;
const HZ = ['-F', '9999'];

const python = `
import json, re, time
end = time.process_time() + 2
def walk(depth): return re.match(r'(a*)*b', 'a' * 12) if depth == 0 else walk(depth - 1)
while time.process_time() < end: walk(60); json.loads(json.dumps(list(range(500))))`;

const javascript = `
const walk = (depth) => (depth === 0 ? JSON.stringify([...Array(50).keys()]) : walk(depth - 1));
const used = () => process.cpuUsage().user;
while (used() < 2e6) [3, 1, 2].sort((a, b) => walk(20).length + a - b);`;

/** What they run at, with our flags in front. */
const programs: Record<string, () => [command: string[], ...flags: string[]]> = {
  rustc: () => [['rustc', '-O', fixtureSource('call-chain.rs'), '-o', 'program']],
  cc1plus: () => [['g++', '-O2', '-c', fixtureSource('throws.cpp'), '-o', 'throws.o']],
  CPython: () => [['python3', '-c', python]],
  node: () => [[process.execPath, '-e', javascript]],
  ripgrep: () => [[builtRipgrep('1'), '-c', '--no-messages', '\\w+\\s+\\w+\\s+\\w+', '/usr/include']],
  tokio: () => [[builtTokioServer(), '60000']],
  exceptions: () => [[compiledCppFixture('throws'), '50000']],
  recursion: () => [[builtProgram('deep'), '--seconds', '2']],
  signals: () => [[compiledFixture('signal-on-altstack')], '-d', '1'],
  threads: () => [[builtProgram('threads'), '--rounds', '80']],
};

test('two unwinders find the same frames in 100,000 stacks of ten programs', needsRoot, async (t) => {
  const commands = Object.entries(programs).map(([name, request]) => ({
    name,
    request: request(),
    total: 0,
  }));
  const sum = () => commands.reduce((total, command) => total + command.total, 0);
  for (let round = 1; sum() < LEAST_CHECKED; round++)
    for (const command of commands)
      do {
        const [target, ...flags] = command.request;
        const { checked, prefixOnly, unchecked } = await checkedUnwinding(target, ...HZ, ...flags);
        assert.ok(checked > 0, `${command.name}: nothing was checked`);
        t.diagnostic(`${command.name}: ${checked} checked, ${prefixOnly} in part, ${unchecked} left out`);
        command.total += checked;
      } while (command.total < round * LEAST_OF_EACH);
});
