import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandName } from '../../../src/surfaces/cli/command-line/flag-specification.js';
import { helpText } from '../../../src/surfaces/cli/command-line/help.js';
import { type CompletionProject, completionProject } from '../command-line/completing-shells.js';

interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A line of shell in the workspace, with our commands on PATH. */
function answerTo(line: string, { directory, env }: CompletionProject, more: NodeJS.ProcessEnv = {}): Answer {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd: directory,
    env: { ...env, ...more },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

function help(command: CommandName): Answer {
  return { code: 0, stdout: helpText(command), stderr: '' };
}

test('help is shown by every way that leads to it', (t) => {
  const project = completionProject(t);
  for (const line of [
    'cargo help profile-bee',
    'cargo profile-bee help',
    'cargo profile-bee --help',
    'cargo-profile-bee help',
    'cargo-profile-bee profile-bee --help',
    'cargo-profile-bee --svg x.svg --help',
  ])
    assert.deepEqual(answerTo(line, project), help('cargo-profile-bee'), line);
  for (const line of ['profile-bee help', 'profile-bee --help', 'profile-bee'])
    assert.deepEqual(answerTo(line, project), help('profile-bee'), line);
});

test('cargo help profile-bee works beside an installed manual page, and man finds that page', (t) => {
  const project = completionProject(t);
  const folder = join(project.home, 'man/man1');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cargo-profile-bee.1'), answerTo('cargo profile-bee man', project).stdout);
  const more = { MANPATH: join(project.home, 'man'), MANWIDTH: '80' };
  assert.deepEqual(answerTo('cargo help profile-bee', project, more), help('cargo-profile-bee'));
  const { code, stdout } = answerTo('man cargo-profile-bee | cat', project, more);
  assert.equal(code, 0);
  assert.match(stdout, /^CARGO-PROFILE-BEE\(1\)/);
});

/** What is typed | exit code | what stands on standard error */
const ANSWERS = `
cargo profile-bee completions bash >/dev/null            | 0   | ^$
cargo-profile-bee completions zsh >/dev/null             | 0   | ^$
profile-bee completions fish >/dev/null                  | 0   | ^$
cargo-profile-bee man >/dev/null                         | 0   | ^$
set -o pipefail; profile-bee man \\| head -c 1 >/dev/null | 0   | ^$
cargo-profile-bee completions                            | 2   | needs a shell: bash, zsh, fish
cargo-profile-bee completions powershell                 | 2   | unknown shell powershell; known: bash, zsh, fish
profile-bee completions fishh                            | 2   | did you mean fish
profile-bee completions bash zsh                         | 2   | unexpected argument zsh
cargo-profile-bee man 7                                  | 2   | unexpected argument 7
cargo-profile-bee cache --clear --status                 | 2   | --clear exclude each other
profile-bee cache --clean                                | 2   | unknown flag --clean
cargo profile-bee cache everything                       | 2   | unexpected argument everything
cargo-profile-bee man >/dev/full                         | 125 | cannot write standard output: the disk is full
`;

test('completions and man: what they answer', (t) => {
  const project = completionProject(t);
  for (const row of ANSWERS.trim().split('\n')) {
    const [line = '', code = '', says = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const answer = answerTo(line.replace('\\|', '|'), project);
    assert.equal(answer.code, Number(code), `${line}: ${answer.stderr}`);
    assert.match(answer.stderr, new RegExp(says), line);
    assert.equal(answer.stdout, '', line);
  }
});

const NAMES = `
bin                              | load-gen tool-box web-server
bin -p web-server                | load-gen web-server
bin --package=tool-box           | tool-box
bin -p tool-box@0.1              | tool-box
bin --workspace -- --release     | load-gen tool-box web-server
bin --manifest-path tool-box/Cargo.toml | tool-box
bin --manifest-path=web-server/Cargo.toml --workspace | load-gen tool-box web-server
test                             | end-to-end
bench                            | hot-loop
example                          | hello-world
package -p tool-box              | tool-box web-server
feature                          | tls-1-3
profile                          | bench dev fast-dist release test
nonsense                         |
                                 |
bin --manifest-path nowhere/Cargo.toml |
`;

test('the names of a workspace: as cargo would accept them', (t) => {
  const project = completionProject(t);
  for (const row of NAMES.split('\n').slice(1, -1)) {
    const [words = '', names = ''] = row.split('|').map((cell) => cell.trim());
    const stdout = names === '' ? '' : `${names.replaceAll(' ', '\n')}\n`;
    assert.deepEqual(answerTo(`cargo-profile-bee __complete ${words}`, project), {
      code: 0,
      stdout,
      stderr: '',
    });
  }
  const inMember = answerTo('cd tool-box && cargo profile-bee __complete bin', project);
  assert.equal(inMember.stdout, 'tool-box\n');
});

test('names are a quiet question: no project, a broken one, no cargo, colours', (t) => {
  const nothing = { code: 0, stdout: '', stderr: '' };
  const project = completionProject(t);
  const coloured = answerTo('cargo-profile-bee __complete test', project, { CARGO_TERM_COLOR: 'always' });
  assert.deepEqual(coloured, { ...nothing, stdout: 'end-to-end\n' });
  assert.deepEqual(answerTo('cd / && cargo-profile-bee __complete bin', project), nothing);
  const missing = answerTo('cargo-profile-bee __complete bin', project, { CARGO: '/nonexistent/cargo' });
  assert.deepEqual(missing, nothing);
  writeFileSync(join(project.directory, 'Cargo.toml'), '[workspace\nmembers = \u001b[31m');
  for (const kind of ['bin', 'profile'])
    assert.deepEqual(answerTo(`cargo-profile-bee __complete ${kind}`, project), nothing);
});
