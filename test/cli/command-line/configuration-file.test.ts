import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfiguration } from '../../../src/surfaces/cli/command-line/configuration/read-configuration.js';
import { cargoProject } from '../../cargo/cargo-project.js';
import { type ConfiguredProject, refusalOf } from './configured-project.js';

/** Only the file is of interest, so cargo is not asked. */
function directoryWith(t: Parameters<typeof cargoProject>[0], text?: string | Buffer): ConfiguredProject {
  const directory = cargoProject(t, {});
  if (text !== undefined) writeFileSync(join(directory, 'profile-bee.toml'), text);
  const workspaceManifestPath = join(directory, 'Cargo.toml');
  const read = () =>
    readConfiguration({ workspaceRoot: directory, workspaceManifestPath, workspaceMetadata: null });
  return { directory, read };
}

/** A text → what is said of it after the file's name. */
const SYNTAX_ERRORS: [text: string, says: RegExp][] = [
  ['frequency = \n', /^1:13: Unexpected character, expecting string, number/],
  ['open = true\nsvg = "a\n', /^2:9: Unterminated string$/],
  ['open = true\r\nsvg = "a\r\n', /^2:9: Unterminated string$/],
  ['open = true\nopen = false\n', /^2:13: Can't redefine existing key$/],
  ['[a]\nx = 1\n[a]', /^3:3: Can't redefine existing key$/],
  ['open = true frequency = 1', /^1:13: Unexpected character, expected only whitespace/],
  ['frequency', /^1:10: Key ended without value$/],
  ['\n\n  {', /^3:3: unexpected "\{", expected a setting$/],
  ['frequency: 99', /^1:10: /],
  ['output = [\n"a.svg"\n"b.svg"\n]', /^3:1: Invalid character, expected whitespace, comma/],
  ['svg = """\nabc\n', /^3:1: Unterminated multi-line string$/],
  ['require = ["lost<=1"', /^1:21: Invalid character, expected whitespace, comma/],
  ['\ufeffopen = \n', /^1:8: Unexpected character/],
];

for (const [text, says] of SYNTAX_ERRORS) {
  test(`no TOML: ${JSON.stringify(text)}`, async (t) => {
    const refusal = await refusalOf(directoryWith(t, text));
    assert.match(refusal.replace('DIR/profile-bee.toml:', ''), says);
    assert.ok(refusal.startsWith('DIR/profile-bee.toml:'), refusal);
  });
}

/** Names that every object inherits: the parser must not see them. */
const INHERITED = [
  ['__proto__.frequency = 9', '__proto__'],
  ['[__proto__]\nfrequency = 9', '__proto__'],
  ['toString.call = 9', 'toString'],
  ['constructor.keys.x = 9', 'constructor'],
  ['"\\u0074oString".call = 9', 'toString'],
  ['"\\U00000074oString".call = 9', 'toString'],
  ['svg = { toString.call = 9 }', 'toString'],
  ['output = [{ valueOf = { call = 9 } }]', 'valueOf'],
  ['[[hasOwnProperty]]\ncall = 9', 'hasOwnProperty'],
] as const;

for (const [text, name] of INHERITED) {
  test(`${JSON.stringify(text)}: refused before it can touch what objects inherit`, async (t) => {
    const refusal = await refusalOf(directoryWith(t, `open = true\n${text}\n`));
    assert.ok(
      refusal.startsWith(`DIR/profile-bee.toml:2: unknown setting ${name} (known settings:`),
      refusal,
    );
    assert.equal(Object.prototype.toString.call([]), '[object Array]');
    assert.equal(({} as { frequency?: number }).frequency, undefined);
  });
}

test('a byte order mark, CRLF, an empty file and one of comments are TOML', async (t) => {
  for (const text of ['', '\n', '# nothing', '# a\r\n\r\n# b\r\n']) {
    const { defaults } = await directoryWith(t, text).read();
    assert.deepEqual({ ...defaults, places: {} }, { places: {} }, JSON.stringify(text));
  }
  const { defaults } = await directoryWith(t, '\ufeff# a\r\nfrequency = 9 # b\r\nopen = true\r\n').read();
  assert.deepEqual([defaults.frequency, defaults.open], [9, true]);
});

test('bytes that are no UTF-8: the line is named', async (t) => {
  const bytes = Buffer.concat([Buffer.from('open = true\n# gr'), Buffer.from([0xfc]), Buffer.from('n\n')]);
  const advice = '(save the file as UTF-8)';
  const refusal = await refusalOf(directoryWith(t, bytes));
  assert.equal(refusal, `DIR/profile-bee.toml:2: this is not UTF-8 text ${advice}`);
  const wide = await refusalOf(directoryWith(t, Buffer.from('\ufeffopen = true\n', 'utf16le')));
  assert.equal(wide, `DIR/profile-bee.toml:1: this is not UTF-8 text ${advice}`);
});

/** What stands in the place of the file → why it cannot be read. */
const NO_FILES: Record<string, { make(path: string): void; reason: string }> = {
  'a directory': { make: (path) => mkdirSync(path), reason: 'it is a directory' },
  'a named pipe': { make: (path) => execFileSync('mkfifo', [path]), reason: 'it is not a file' },
  'a link to a device': { make: (path) => symlinkSync('/dev/zero', path), reason: 'it is not a file' },
  'a link to nothing': {
    make: (path) => symlinkSync('nothing', path),
    reason: 'it is a link to a file that does not exist',
  },
  'a link to itself': {
    make: (path) => symlinkSync(path, path),
    reason: 'its symbolic links form a circle',
  },
  'a terabyte': {
    make: (path) => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 40);
    },
    reason: 'it is larger than 64 KiB',
  },
};

for (const [name, { make, reason }] of Object.entries(NO_FILES)) {
  test(`${name} in the place of profile-bee.toml`, async (t) => {
    const project = directoryWith(t);
    make(join(project.directory, 'profile-bee.toml'));
    assert.equal(await refusalOf(project), `cannot read the configuration DIR/profile-bee.toml: ${reason}`);
  });
}

test('a file that may not be read', async (t) => {
  const project = directoryWith(t, 'open = true');
  chmodSync(project.directory, 0o755);
  chmodSync(join(project.directory, 'profile-bee.toml'), 0o000);
  const asNobody = process.geteuid?.() === 0;
  if (asNobody) process.seteuid?.('nobody');
  try {
    const refusal = await refusalOf(project);
    assert.equal(refusal, 'cannot read the configuration DIR/profile-bee.toml: permission denied');
  } finally {
    if (asNobody) process.seteuid?.(0);
  }
});

test('a link to a file elsewhere is read; its paths are relative to the link', async (t) => {
  const project = directoryWith(t);
  const elsewhere = directoryWith(t, 'svg = "a.svg"');
  symlinkSync(join(elsewhere.directory, 'profile-bee.toml'), join(project.directory, 'profile-bee.toml'));
  assert.equal((await project.read()).defaults.svg, join(project.directory, 'a.svg'));
  rmSync(join(project.directory, 'profile-bee.toml'));
  assert.deepEqual((await project.read()).defaults, {});
});

test('as much nesting as the size allows: refused by its key, in good time and without a stack overflow', async (t) => {
  const half = 32_000;
  for (const text of [
    `x = ${'['.repeat(half)}${']'.repeat(half)}`,
    `x = ${'{a='.repeat(half / 2)}1`,
    `${'x.'.repeat(half)}x = 1`,
    `${'x'.repeat(half)} = 1`,
  ]) {
    const refusal = await refusalOf(directoryWith(t, text));
    assert.ok(refusal.startsWith('DIR/profile-bee.toml:1:'), refusal.slice(0, 200));
    assert.ok(refusal.length < 600, `${refusal.length} letters`);
  }
});
