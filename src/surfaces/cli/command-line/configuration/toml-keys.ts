/** A key of a TOML file, or the header of a table. */
export interface TomlKey {
  /** From the root of the file: `['package', 'metadata', 'profile-bee', 'frequency']`. */
  path: string[];
  /** Counted from 1. */
  line: number;
}

/** Deeper nesting is ignored: unlimited paths would take memory quadratic in the file's size. */
const MAX_DEPTH = 16;

const STRING = [
  /"""[^"\\]*(?:(?:\\[\s\S]|"{1,2}(?!"))[^"\\]*)*"{3,5}/,
  /'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}/,
  /"(?:[^"\\\n]|\\.)*"/,
  /'[^'\n]*'/,
];
const TOKEN = new RegExp(
  `(?<string>${STRING.map(({ source }) => source).join('|')})|(?<word>[\\w-]+)|#[^\\n]*|(?<mark>[\\n.=,[\\]{}])`,
  'g',
);

/** The enclosing scope of the next token: a table (the file's root, `{ … }`) with its path, or an array. */
interface Scope {
  kind: 'root' | 'header' | 'inline' | 'array';
  path: string[];
}

/**
 * Finds the lines of the keys in a TOML file. Parsers return values without lines, and cargo accepts files that other
 * parsers reject; so this only reads the structure and validates nothing: invalid TOML yields keys that nobody looks up.
 */
export function tomlKeys(text: string): TomlKey[] {
  const scanner = new KeyScanner();
  let line = 1;
  for (const { 0: token, groups } of text.matchAll(TOKEN)) {
    if (groups?.string !== undefined || groups?.word !== undefined) scanner.name(token, line);
    else if (groups?.mark !== undefined) scanner.mark(token);
    line += token.split('\n').length - 1;
  }
  return scanner.keys;
}

/** An explicit stack, because the file decides the nesting and recursion could overflow. */
class KeyScanner {
  readonly keys: TomlKey[] = [];
  #scopes: Scope[] = [{ kind: 'root', path: [] }];
  /** The names of the current or last key. */
  #names: string[] = [];
  #line = 0;
  #isValue = false;

  name(token: string, line: number): void {
    if (this.#isValue) return;
    if (this.#names.length === 0) this.#line = line;
    this.#names.push(unquoted(token));
  }

  mark(token: string): void {
    if (token === '\n') this.#endLine();
    else if (token === '=') this.#endKey();
    else if (token === '[') this.#open('array');
    else if (token === '{') this.#open('inline');
    else if (token === ',') this.#beginEntry();
    else if (token === ']' || token === '}') this.#close();
  }

  get #scope(): Scope {
    return this.#scopes.at(-1)!;
  }

  /** A line break ends a table entry or a header; arrays and inline tables continue. */
  #endLine(): void {
    if (this.#scope.kind === 'header') this.#scopes.pop();
    if (this.#scope.kind === 'root') this.#beginEntry();
  }

  #beginEntry(): void {
    if (this.#scope.kind === 'header') return;
    this.#isValue = this.#scope.kind === 'array';
    if (!this.#isValue) this.#names = [];
  }

  #endKey(): void {
    if (this.#isValue || this.#names.length === 0) return;
    this.#record(this.#scope.path);
    this.#isValue = true;
  }

  #record(parent: readonly string[]): void {
    this.keys.push({ path: [...parent, ...this.#names], line: this.#line });
  }

  #open(kind: 'array' | 'inline'): void {
    const { kind: outer, path } = this.#scope;
    if (this.#isValue) {
      const inner = outer === 'array' ? path : [...path, ...this.#names].slice(0, MAX_DEPTH);
      this.#scopes.push({ kind, path: inner });
    } else if (outer === 'root' && this.#names.length === 0 && kind === 'array') {
      this.#scopes.push({ kind: 'header', path: [] }); // once also for [[…]]
    }
    this.#beginEntry();
  }

  #close(): void {
    const { kind } = this.#scope;
    if (kind === 'header') this.#endHeader();
    else if (kind !== 'root') {
      this.#scopes.pop();
      this.#isValue = true;
    }
  }

  #endHeader(): void {
    this.#record([]);
    this.#scopes = [{ kind: 'root', path: this.#names }];
    this.#isValue = true; // nothing more on this line
  }
}

function unquoted(token: string): string {
  if (token.startsWith("'")) return token.slice(1, -1);
  if (!token.startsWith('"')) return token;
  return token
    .slice(1, -1)
    .replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g, (_, short, long, letter) =>
      letter === undefined ? codePoint(short ?? long) : (ESCAPES[letter] ?? letter),
    );
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' };

function codePoint(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff ? '' : String.fromCodePoint(code);
}
