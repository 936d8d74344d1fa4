import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '@iarna/toml';
import { tomlKeys } from '../../../src/surfaces/cli/command-line/configuration/toml-keys.js';

/** `line path/of/the/key`, one a line. */
function keysText(text: string): string {
  return tomlKeys(text)
    .map(({ path, line }) => `${line} ${path.join('/')}`)
    .join('\n');
}

function drawn(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

test('tables, dotted and quoted keys, arrays, inline tables', () => {
  const text = `# x = 1
top = "a = 1" # y = 2
[a.b] # c = 1
d . 'e f'."g\\tA" = 1.5
h = [1, [2, "i = 3"], { j = 1, k.l = { m = [] } },
  # n = 1
  { o = 1 },
]
[[list]]
p = 1979-05-27 07:32:00
[ 'q.r' ]
s = { t = 1,
  u = '''
v = 1
[w]
''', x = """y = "1" \\""" z = 2
""" }
last = 1`;
  const expected = `
    2 top
    3 a/b
    4 a/b/d/e f/g\tA
    5 a/b/h
    5 a/b/h/j
    5 a/b/h/k/l
    5 a/b/h/k/l/m
    7 a/b/h/o
    9 list
    10 list/p
    11 q.r
    12 q.r/s
    12 q.r/s/t
    13 q.r/s/u
    16 q.r/s/x
    18 q.r/last
  `;
  assert.equal(keysText(text), drawn(expected));
});

test('strings that end in quotes of their own', () => {
  const text = `a = """x"""" # b\nc = '''y''''' # d\ne = """"""\nf = ""\ng = '' # h = 1\ni = """\\\\"""\nj = 1`;
  assert.equal(keysText(text), drawn('1 a\n2 c\n3 e\n4 f\n5 g\n6 i\n7 j'));
});

test('text that is no TOML gives what it gives, and ends', () => {
  for (const text of [
    '',
    '[',
    ']]}}',
    '= = =',
    '"',
    '"""',
    "'''x",
    'a = [',
    '[a\nb = 1',
    'fn main() { x[0] = "{"; }',
  ]) {
    assert.ok(tomlKeys(text).length <= 3, text);
  }
});

/** Repeatable noise; the multiplier and increment of Numerical Recipes. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Writes TOML of every shape that a key can have, and notes where it put each. */
class Writer {
  text = '';
  readonly keys: string[] = [];
  #count = 0;

  constructor(private readonly below: (limit: number) => number) {}

  document(): void {
    for (let entries = this.below(4); entries >= 0; entries--) this.#entry([]);
    for (let tables = this.below(4); tables > 0; tables--) this.#table();
  }

  #table(): void {
    const isList = this.below(3) === 0;
    this.text += isList ? '[[' : '[ ';
    const path = this.#key([]);
    this.text += isList ? ']]' : ' ]';
    this.#endLine();
    for (let entries = this.below(4); entries > 0; entries--) this.#entry(path);
  }

  #entry(parent: readonly string[]): void {
    const path = this.#key(parent);
    this.text += this.#pick([' = ', '=']);
    this.#value(path, 3);
    this.#endLine();
  }

  /** Every name is new, so that nothing is defined twice. */
  #key(parent: readonly string[]): string[] {
    const line = this.text.split('\n').length;
    const path = [...parent];
    for (let names = this.below(3); names >= 0; names--) {
      const name = `k-${this.#count++}`;
      this.text += this.#pick([name, `"${name}"`, `'${name}'`, `"\\u006b-${name.slice(2)}"`]);
      if (names > 0) this.text += this.#pick(['.', ' . ']);
      path.push(name);
    }
    this.keys.push(`${line} ${path.join('/')}`);
    return path;
  }

  #value(path: readonly string[], depth: number): void {
    const scalars = ['1', '-1.5e3', 'true', '"[x] = # \\" {"', "'] = {'", '""', "''"];
    const long = ['"""\n[x]\ny = "" \\""" 1\n"""', "'''\nx = '' 1\n[y]\n'''", '"""\\\n  x = 1"""'];
    const kind = this.below(depth === 0 ? 4 : 7);
    if (kind < 3) this.text += this.#pick(scalars);
    else if (kind === 3) this.text += this.#pick(long);
    else if (kind === 4) this.#inline(path, depth);
    else this.#array(path, depth);
  }

  #inline(path: readonly string[], depth: number): void {
    this.text += '{ ';
    for (let entries = this.below(3); entries > 0; entries--) {
      const key = this.#key(path);
      this.text += ' = ';
      this.#value(key, depth - 1);
      if (entries > 1) this.text += ', ';
    }
    this.text += ' }';
  }

  #array(path: readonly string[], depth: number): void {
    this.text += '[';
    for (let items = this.below(4); items > 0; items--) {
      this.text += this.#pick(['', ' ', '\n', ' # ] = 1\n  ']);
      this.#value(path, depth - 1);
      this.text += this.#pick([',', ' , ', '\n,']);
    }
    this.text += ']';
  }

  #endLine(): void {
    this.text += this.#pick(['\n', ' # x = [ 1\n', '\n\n', '\n# [t]\n']);
  }

  #pick(from: readonly string[]): string {
    return from[this.below(from.length)]!;
  }
}

test('two thousand documents of random shape: every key, in order, on its line', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const writer = new Writer(random(seed));
    writer.document();
    const { text } = writer;
    assert.doesNotThrow(() => parse(text), `seed ${seed} is no TOML:\n${text}`);
    assert.equal(keysText(text), writer.keys.join('\n'), `seed ${seed}:\n${text}`);
    const crlf = text.replaceAll('\n', '\r\n');
    assert.equal(keysText(crlf), writer.keys.join('\n'), `seed ${seed}, CRLF`);
  }
});
