import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { chooseViewer, type ViewerFacts } from '../../../src/surfaces/cli/outputs/choose-viewer.js';
import { openFlamegraph } from '../../../src/surfaces/cli/outputs/open-flamegraph.js';
import { Terminal } from '../../../src/surfaces/cli/terminal/terminal.js';

const HOME = '/home/ann';
const X = { HOME, DISPLAY: ':0' };
const IN_HOME = `${HOME}/project/target/profiles/server.svg`;

/** `expected`: how it is shown, or a part of why it is not. */
interface Case {
  name: string;
  env: NodeJS.ProcessEnv;
  facts?: Partial<ViewerFacts>;
  expected: string;
}

const snap = { isSnap: () => true };
const cases: Case[] = [
  { name: 'a terminal with an X display', env: X, expected: 'desktop' },
  {
    name: 'a terminal with a Wayland display',
    env: { HOME, WAYLAND_DISPLAY: 'wayland-0' },
    expected: 'desktop',
  },
  { name: 'macOS', env: { HOME }, facts: { platform: 'darwin' }, expected: 'desktop' },
  { name: 'no display', env: { HOME }, expected: 'no display' },
  { name: 'no display, --open', env: { HOME }, facts: { wanted: true }, expected: 'no display (noted)' },
  { name: 'no terminal', env: X, facts: { isTerminal: false }, expected: 'terminal' },
  { name: 'no terminal, --open', env: X, facts: { isTerminal: false, wanted: true }, expected: 'desktop' },
  { name: '--no-open', env: X, facts: { wanted: false }, expected: '--no-open' },
  { name: 'CI', env: { ...X, CI: 'true' }, expected: 'CI' },
  { name: 'CI with a BROWSER', env: { ...X, CI: '1', BROWSER: 'firefox' }, expected: 'CI' },
  { name: 'SSH with its display forwarded', env: { ...X, SSH_CONNECTION: '1 2 3 4' }, expected: 'SSH' },
  { name: 'SSH with only its terminal named', env: { ...X, SSH_TTY: '/dev/pts/1' }, expected: 'SSH' },
  { name: 'SSH, --open', env: { ...X, SSH_TTY: 'x' }, facts: { wanted: true }, expected: 'desktop' },
  {
    name: 'VS Code Remote, whose BROWSER takes no files',
    env: { ...X, VSCODE_IPC_HOOK_CLI: '/run/x.sock', BROWSER: '/vscode/bin/helpers/browser.sh' },
    expected: 'VS Code',
  },
  { name: 'Codespaces', env: { HOME, CODESPACES: 'true', BROWSER: 'helper' }, expected: 'codespace' },
  { name: 'WSL2 without a display', env: { HOME }, facts: { isWsl: true }, expected: 'windows' },
  { name: 'WSL2 with one (WSLg)', env: X, facts: { isWsl: true }, expected: 'windows' },
  {
    name: 'WSL2 with a BROWSER',
    env: { HOME, BROWSER: 'wslview' },
    facts: { isWsl: true },
    expected: 'wslview',
  },
  { name: 'BROWSER', env: { ...X, BROWSER: 'firefox --new-tab' }, expected: 'firefox --new-tab' },
  { name: 'BROWSER without a display', env: { HOME, BROWSER: 'helper' }, expected: 'helper' },
  {
    name: 'the first BROWSER that shows pictures',
    env: { ...X, BROWSER: 'w3m:/usr/bin/lynx:epiphany %s' },
    expected: 'epiphany %s',
  },
  { name: 'only browsers of text', env: { HOME, BROWSER: 'w3m' }, expected: 'no display' },
  { name: 'root by login', env: X, facts: { isRoot: true }, expected: 'root' },
  { name: 'root by login, --open', env: X, facts: { isRoot: true, wanted: true }, expected: 'desktop' },
  { name: 'a snap and a flamegraph in the home', env: X, facts: snap, expected: 'desktop' },
  { name: 'a snap and /tmp', env: X, facts: { ...snap, flamegraph: '/tmp/x.svg' }, expected: 'snap (noted)' },
  {
    name: 'a snap and a hidden folder',
    env: X,
    facts: { ...snap, flamegraph: `${HOME}/.cache/x.svg` },
    expected: 'snap (noted)',
  },
  {
    name: 'a snap and a hidden folder further down',
    env: X,
    facts: { ...snap, flamegraph: `${HOME}/a/.b/x.svg` },
    expected: 'desktop',
  },
  {
    name: 'a snap in BROWSER',
    env: { ...X, BROWSER: 'firefox' },
    facts: { isSnap: (command) => command === 'firefox', flamegraph: '/tmp/x.svg' },
    expected: 'snap (noted)',
  },
];

for (const { name, env, facts, expected } of cases) {
  test(`${name}: ${expected}`, () => {
    const viewer = chooseViewer({
      env,
      platform: 'linux',
      isTerminal: true,
      isWsl: false,
      isRoot: false,
      wanted: undefined,
      flamegraph: IN_HOME,
      isSnap: () => false,
      ...facts,
    });
    if (viewer.kind === 'browser') return assert.equal(viewer.words.join(' '), expected);
    if (viewer.kind !== 'none') return assert.equal(viewer.kind, expected);
    assert.ok(
      `${viewer.why}${viewer.isNote ? ' (noted)' : ''}`.includes(expected.replace(' (noted)', '')),
      viewer.why,
    );
    assert.equal(viewer.isNote ?? false, expected.endsWith('(noted)'));
  });
}

const directory = mkdtempSync(join(tmpdir(), 'bee-open-'));
after(() => rmSync(directory, { recursive: true }));

/** A viewer that writes down what it was given. */
function recordingViewer(ending: string): { browser: string; given: () => string } {
  const [script, notes] = [join(directory, 'viewer'), join(directory, `notes ${ending}`)];
  writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$@" > '${notes}'\n${ending}\n`);
  chmodSync(script, 0o755);
  return { browser: script, given: () => (existsSync(notes) ? readFileSync(notes, 'utf8') : '') };
}

async function openWith(browser: string, flamegraph: string): Promise<string> {
  const said: string[] = [];
  const terminal = new Terminal('normal');
  terminal.warn = (text) => said.push(text);
  process.env.BROWSER = browser;
  await openFlamegraph(flamegraph, true, terminal);
  return said.join('\n');
}

test('what BROWSER names gets the URL of the file, at its place', async () => {
  const { browser, given } = recordingViewer('exit 0');
  const flamegraph = join(directory, 'a flamegraph é.svg');
  assert.equal(await openWith(`missing-w3m:${browser}`.replace('missing-w3m', 'w3m'), flamegraph), '');
  assert.equal(given(), `${pathToFileURL(flamegraph).href}\n`);
  await openWith(`${browser} --new %s --last`, flamegraph);
  assert.equal(given(), `--new\n${pathToFileURL(flamegraph).href}\n--last\n`);
});

test('a viewer that stays is not waited for', async () => {
  const { browser, given } = recordingViewer('exec sleep 5');
  assert.equal(await Promise.race([openWith(browser, '/x.svg'), sleep(4_000, 'still waiting')]), '');
  assert.equal(given(), 'file:///x.svg\n');
});

test('a viewer that fails is told of, and nothing else happens', async () => {
  assert.match(await openWith(recordingViewer('exit 3').browser, '/x.svg'), /cannot open a viewer: .*code 3/);
  assert.match(await openWith('/nonexistent/browser', '/x.svg'), /cannot open a viewer: .*ENOENT/);
});
