import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cargoProject, manifest } from '../../cargo/cargo-project.js';
import { commandPath } from '../../kernel/running/repository.js';

/** A shell and the way in which the completions came into it. */
export type ShellKind =
  | 'bash'
  | 'bash, cargo completed before'
  | 'bash, cargo completed on demand'
  | 'zsh'
  | 'zsh, from fpath beside _cargo'
  | 'fish';

export const SHELL_KINDS: readonly ShellKind[] = [
  'bash',
  'bash, cargo completed before',
  'bash, cargo completed on demand',
  'zsh',
  'zsh, from fpath beside _cargo',
  'fish',
];

/** A workspace whose names have dashes, with our commands on the PATH of what runs in it. */
export interface CompletionProject {
  directory: string;
  /** Outside of the workspace: what belongs to the shells. */
  home: string;
  env: NodeJS.ProcessEnv;
}

export function completionProject(t: TestContext): CompletionProject {
  const directory = cargoProject(t, {
    'Cargo.toml': `[workspace]\nmembers = ["web-server", "tool-box"]\nresolver = "2"\n\n[profile.fast-dist]\ninherits = "release"\n`,
    'web-server/Cargo.toml': manifest('web-server', '[features]\ntls-1-3 = []'),
    'web-server/src/main.rs': 'fn main() {}\n',
    'web-server/src/bin/load-gen.rs': 'fn main() {}\n',
    'web-server/examples/hello-world.rs': 'fn main() {}\n',
    'web-server/tests/end-to-end.rs': '',
    'web-server/benches/hot-loop.rs': '',
    'tool-box/Cargo.toml': manifest('tool-box'),
    'tool-box/src/main.rs': 'fn main() {}\n',
    'out/first.svg': '',
    'out/second.svg': '',
  });
  const home = mkdtempSync(join(tmpdir(), 'bee-shells-')); // bash-completion splits its own paths at spaces
  t.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'bin'));
  for (const command of ['cargo-profile-bee', 'profile-bee'] as const)
    symlinkSync(commandPath(command), join(home, 'bin', command));
  const env = {
    ...process.env,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    REPORT: join(home, 'report'),
    TERM: 'xterm',
    CARGO_TERM_COLOR: 'never', // cargo's own completion takes the colours of `cargo --list` for a part of the names
  };
  return { directory, home, env };
}

/**
 * What a shell offers at the end of each line; sorted, a path by its last part, a value without the flag in the same
 * word. The real shell reads the line: bash and zsh on a pseudo terminal.
 */
export async function offered(
  kind: ShellKind,
  lines: readonly string[],
  project: CompletionProject,
): Promise<string[][]> {
  const [shell] = kind.split(',');
  if (shell === 'fish') return askFish(lines, project).map(tidy);
  const prepare = shell === 'bash' ? prepareBash : prepareZsh;
  const { command, key } = prepare(kind, lines, project);
  await runOnTerminal(command, key, project);
  const report = existsSync(project.env.REPORT!) ? readFileSync(project.env.REPORT!, 'utf8') : '';
  const answers = report.split('\n').slice(0, -1);
  if (answers.length !== lines.length)
    throw new Error(`${kind} answered ${answers.length} lines:\n${report}`);
  return answers.map((answer) => tidy(answer.split(' ')));
}

function tidy(words: readonly string[]): string[] {
  const values = words.map((word) => word.replace(/^.*\/(?=.)/, ''));
  return [...new Set(values.filter((word) => word !== ''))].sort();
}

export function scriptFor(shell: string, { env }: CompletionProject): string {
  return run('cargo-profile-bee', ['completions', shell], env);
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8', cwd });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function sysroot(): string {
  return run('rustc', ['--print', 'sysroot'], process.env).trim();
}

function write(path: string, text: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

interface Prepared {
  /** For `sh -c`. */
  command: string;
  /** Typed when the prompt is there. */
  key: string;
}

/** readline inserts all that it would offer; a key of ours then writes the line down, without what was typed. */
function prepareBash(kind: ShellKind, lines: readonly string[], project: CompletionProject): Prepared {
  const { home } = project;
  const script = write(join(home, 'completions.bash'), scriptFor('bash', project));
  const cargos = join(sysroot(), 'etc/bash_completion.d/cargo');
  const before: Record<string, string> = {
    'bash, cargo completed before': `. /usr/share/bash-completion/bash_completion; . '${cargos}'`,
    'bash, cargo completed on demand': '. /usr/share/bash-completion/bash_completion',
  };
  write(join(home, 'data/bash-completion/completions/cargo'), readFileSync(cargos, 'utf8'));
  const typed = lines.map((line) => `\\C-x0${line}\\C-x1\\C-x2\\C-u`.replaceAll('"', '\\"')).join('');
  const rc = `PS1=READY
${before[kind] ?? ''}
. '${script}'
bind -x '"\\C-x2": note_line'
bind '"\\C-x1": insert-completions'
bind '"\\C-x0": set-mark'
bind $'"\\\\C-xt": "${typed}exit\\\\C-m"'
lines=(${lines.map((line) => `'${line}'`).join(' ')})
note_line() {
    local line="\${lines[0]}"
    lines=("\${lines[@]:1}")
    [[ $READLINE_LINE == "$line" ]] && echo >> "$REPORT" && return
    local current="\${line##* }"
    [[ $current == *=* ]] && current="\${current#*=}"
    echo "\${READLINE_LINE#"\${line%"$current"}"}" >> "$REPORT"
}
`;
  return {
    command: `bash --noprofile --rcfile '${write(join(home, 'bashrc'), rc)}' -i`,
    key: '\x18t',
  };
}

/** A function over the shell's own `compadd` notes what matches. */
function prepareZsh(kind: ShellKind, lines: readonly string[], project: CompletionProject): Prepared {
  const { home } = project;
  const isSourced = kind === 'zsh';
  const script = write(join(home, 'functions/_cargo-profile-bee'), scriptFor('zsh', project));
  const fpath = `'${join(home, 'functions')}' '${join(sysroot(), 'share/zsh/site-functions')}'`;
  const rc = `PS1=READY
${isSourced ? '' : `fpath=(${fpath} $fpath)`}
autoload -Uz compinit
compinit -u -d '${join(home, 'dump')}'
${isSourced ? `. '${script}'` : ''}
compadd() {
    local -a hits
    if [[ -z \${(M)argv:#-[OAD]*} ]]; then
        builtin compadd -A hits "$@"
        found+=($hits)
    fi
    builtin compadd "$@"
}
zle -C list-matches list-choices _main_complete
note-lines() {
    local line
    local -a found
    for line in ${lines.map((line) => `'${line}'`).join(' ')}; do
        found=()
        BUFFER=$line
        CURSOR=$#BUFFER
        zle list-matches
        print -r -- $found >> $REPORT
    done
    exit
}
zle -N note-lines
bindkey '^Xt' note-lines
`;
  write(join(home, '.zshrc'), rc);
  return { command: `ZDOTDIR='${home}' zsh -d -i`, key: '\x18t' };
}

/** util-linux `script` gives the terminal. */
async function runOnTerminal(
  command: string,
  key: string,
  { directory, env }: CompletionProject,
): Promise<void> {
  const child = spawn('script', ['-qec', `exec env ${command}`, '/dev/null'], {
    cwd: directory,
    env: { ...env, SHELL: '/bin/sh' },
    detached: true,
  });
  const guard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 60_000);
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const isReady = !screen.includes('READY') && `${screen}${chunk}`.includes('READY');
    screen += chunk;
    if (isReady) child.stdin.write(key);
  });
  child.stdin.on('error', () => {});
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(guard);
}

/** Where nothing begins with what is typed, fish offers what merely contains its letters; left out here. */
function askFish(lines: readonly string[], project: CompletionProject): string[][] {
  const { env, directory } = project;
  write(join(env.XDG_CONFIG_HOME!, 'fish/conf.d/profile-bee.fish'), scriptFor('fish', project));
  const ask = 'for line in $argv; complete -C $line; echo ------; end';
  const answers = run('fish', ['-c', ask, ...lines], env, directory).split('------\n');
  return lines.map((line, index) => {
    const candidates = answers[index]!.split('\n').map((candidate) => candidate.split('\t')[0]!);
    const offered = candidates.filter((candidate) => candidate.startsWith(line.split(' ').at(-1)!));
    return offered.map((candidate) => candidate.replace(/^--[a-z-]+=/, '')); // fish gives the whole word
  });
}
