import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { needsRoot } from '../../kernel/running/needs-root.js';
import { type BeeCommand, commandPath } from '../../kernel/running/repository.js';

function bee(command: BeeCommand, ...args: string[]) {
  return spawnSync(process.execPath, [commandPath(command), ...args], { encoding: 'utf8' });
}

/** Every place where a text says `profile-bee` as a command to type, without the words in front of it. */
function namesOtherCommand(text: string): string[] {
  const said = text.match(/(?:cargo[ -])?profile-bee(?: record)?(?= (?:--|\[))/g) ?? [];
  return said.filter((name) => name === 'profile-bee');
}

for (const [invokedAs, prefix] of [
  ['cargo-profile-bee record', ['record']],
  ['cargo profile-bee record', ['profile-bee', 'record']],
] as const) {
  test(`${invokedAs}: the help of profile-bee, under the name that was typed`, () => {
    const own = bee('profile-bee', '--help').stdout;
    const { stdout, status } = bee('cargo-profile-bee', ...prefix, '--help');
    assert.equal(status, 0);
    assert.equal(stdout, own.replaceAll(/^(usage: |\s+)profile-bee(?= )/gm, `$1${invokedAs}`));
    assert.equal(namesOtherCommand(own).length, 7);
    assert.deepEqual(namesOtherCommand(stdout), []);
    assert.equal(bee('cargo-profile-bee', ...prefix, '--quiet', '--help').stdout, stdout);
  });

  test(`${invokedAs}: its version and its errors name it so`, () => {
    const version = bee('cargo-profile-bee', ...prefix, '--version').stdout;
    assert.match(version, new RegExp(`^${invokedAs} \\d+\\.\\d+\\.\\d+\\n$`));
    for (const args of [['./server'], ['--svg', 'x.svg'], ['--zzzzzzzz', '4']]) {
      const { stderr, status } = bee('cargo-profile-bee', ...prefix, ...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, new RegExp(`^  ${invokedAs} --`, 'm'));
      assert.deepEqual(namesOtherCommand(stderr), []);
    }
  });
}

test('flags in front of record: the corrected line', () => {
  const { stderr, status } = bee('cargo-profile-bee', '--svg', 'a b.svg', 'record', '--pid', '42', '-d', '5');
  assert.equal(status, 2);
  assert.match(stderr, /^ {2}cargo-profile-bee record --svg 'a b.svg' --pid 42 -d 5$/m);
});

test("after -- it is cargo's, and cargo has no such verb", () => {
  const { stderr, status } = bee('cargo-profile-bee', '--', 'record', '--pid', '42');
  assert.equal(status, 2);
  assert.match(stderr, /cannot profile cargo record/);
});

test('record -- COMMAND: folded stacks on standard output, the code of the command', needsRoot, () => {
  const script = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 3';
  const args = ['record', '-F', '997', '--', '/bin/sh', '-c', script];
  const { stdout, stderr, status } = bee('cargo-profile-bee', ...args);
  assert.equal(status, 3, stderr);
  assert.match(stdout, /^[^\n]*;[^\n]* \d+$/m);
});
