import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifest } from '../../cargo/cargo-project.js';
import { configuredProject, refusalOf } from './configured-project.js';

/** Each manifest sets `frequency = 50` and `require` for the package, in another spelling; where the two stand. */
const SPELLINGS: Record<string, { text: string; places: { frequency: string; require: string } }> = {
  'dotted keys in [package]': {
    text: manifest(
      'app',
      'metadata.profile-bee.frequency = 50\nmetadata.profile-bee.require = "lost<=1"\n[dependencies]',
    ),
    places: { frequency: 'Cargo.toml:5', require: 'Cargo.toml:6' },
  },
  'an inline table': {
    text: manifest(
      'app',
      '[package.metadata]\nother = { frequency = 1 }\nprofile-bee = { frequency = 50, require = ["lost<=1"] }',
    ),
    places: { frequency: 'Cargo.toml:7', require: 'Cargo.toml:7' },
  },
  'metadata as an inline table': {
    text: manifest('app', 'metadata = { profile-bee = { frequency = 50, "require" = "lost<=1" } }'),
    places: { frequency: 'Cargo.toml:5', require: 'Cargo.toml:5' },
  },
  'an inline table over several lines': {
    text: manifest(
      'app',
      '[package.metadata]\nprofile-bee = {\n  frequency = 50, # Hz\n  require = [\n    "lost<=1",\n  ],\n}',
    ),
    places: { frequency: 'Cargo.toml:7', require: 'Cargo.toml:8' },
  },
  'quoted keys, spaces around dots': {
    text: manifest(
      'app',
      `[ package . "metadata" . 'profile-bee' ]\n"freq\\u0075ency" = 50\n'require' = "lost<=1"`,
    ),
    places: { frequency: 'Cargo.toml:6', require: 'Cargo.toml:7' },
  },
  'dotted keys in [package.metadata]': {
    text: manifest(
      'app',
      '[package.metadata]\nprofile-bee.frequency = 50\nprofile-bee . require = "lost<=1"',
    ),
    places: { frequency: 'Cargo.toml:6', require: 'Cargo.toml:7' },
  },
  'CRLF, after strings and comments that look like it': {
    text: manifest(
      'app',
      'description = """\n[package.metadata.profile-bee]\nfrequency = 1\n"""\n# [package.metadata.profile-bee]\n' +
        `authors = ['[package.metadata.profile-bee] # "', "\\"frequency = 2\\""]\n` +
        '[package.metadata.profile-bee] # ours\n\n  frequency = 5_0 # frequency = 3\nrequire = [ # [ ] {\n  "lost<=1"\n]',
    ).replaceAll('\n', '\r\n'),
    places: { frequency: 'Cargo.toml:13', require: 'Cargo.toml:14' },
  },
  'after an array of tables and other tables': {
    text: manifest(
      'app',
      '[[bin]]\nname = "frequency"\npath = "src/main.rs"\n[package.metadata.frequency]\nfrequency = 7\n' +
        '[package.metadata.profile-bee]\nrequire = "lost<=1"\nfrequency = 0x32\n[workspace]',
    ),
    places: { frequency: 'Cargo.toml:12', require: 'Cargo.toml:11' },
  },
};

for (const [name, { text, places }] of Object.entries(SPELLINGS)) {
  test(`the place of a setting: ${name}`, async (t) => {
    const { directory, read } = await configuredProject(t, { 'Cargo.toml': text });
    const { defaults } = await read();
    const expected = Object.entries(places).map(([key, place]) => [key, `${directory}/${place}`]);
    const { frequency, require } = defaults;
    assert.deepEqual({ frequency, require }, { frequency: 50, require: ['lost<=1'] });
    assert.deepEqual(defaults.places, Object.fromEntries(expected));
  });
}

/** A manifest's lines from the fifth on → the refusal. */
const WRONG_TABLES: [lines: string, refusal: string][] = [
  [
    '[package.metadata]\nprofile-bee = 3',
    'DIR/Cargo.toml:6: package.metadata.profile-bee needs a table of settings, not 3',
  ],
  [
    '[[package.metadata.profile-bee]]\nopen = true',
    'DIR/Cargo.toml:5: package.metadata.profile-bee needs a table of settings, not an array',
  ],
  [
    '[package.metadata.profile_bee]\nopen = true',
    'DIR/Cargo.toml:5: nothing reads the table profile_bee (did you mean [package.metadata.profile-bee]?)',
  ],
  [
    '[package.metadata.cargo-profile-bee]\nopen = true',
    'DIR/Cargo.toml:5: nothing reads the table cargo-profile-bee (did you mean [package.metadata.profile-bee]?)',
  ],
  [
    '\n[workspace]\nmetadata.ProfileBee.open = true',
    'DIR/Cargo.toml:7: nothing reads the table ProfileBee (did you mean [workspace.metadata.profile-bee]?)',
  ],
  [
    '[package.metadata]\nprofile-bee = { open = true, opn = true }',
    'DIR/Cargo.toml:6: unknown setting opn (did you mean open?)',
  ],
  ['metadata.profile-bee.opn = true', 'DIR/Cargo.toml:5: unknown setting opn (did you mean open?)'],
];

for (const [lines, refusal] of WRONG_TABLES) {
  test(`refused: ${JSON.stringify(lines)}`, async (t) => {
    const project = await configuredProject(t, { 'Cargo.toml': manifest('app', lines) });
    assert.equal(await refusalOf(project), refusal);
  });
}

test('a table that cargo finds and we do not is named instead of a line', async (t) => {
  const old = '[project]\nname = "app"\nversion = "0.1.0"\n[project.metadata.profile-bee]\nopn = true\n';
  const project = await configuredProject(t, { 'Cargo.toml': old });
  const refusal = 'DIR/Cargo.toml, [package.metadata.profile-bee]: unknown setting opn (did you mean open?)';
  assert.equal(await refusalOf(project), refusal);
});

test('profile-bee.toml beside a member is noted, not read', async (t) => {
  const member = { 'm/Cargo.toml': manifest('m'), 'm/src/lib.rs': '', 'm/profile-bee.toml': 'frequency = 1' };
  const files = { 'Cargo.toml': manifest('app', '[workspace]\nmembers = ["m"]'), ...member };
  const { directory, read } = await configuredProject(t, files);
  assert.deepEqual(await read('app'), { defaults: {}, notes: [] });
  const { defaults, notes } = await read('m');
  assert.deepEqual(defaults, {});
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /m\/profile-bee\.toml is not read.*\[package\.metadata\.profile-bee\]/);
  assert.ok(notes[0]!.startsWith(directory));
});
