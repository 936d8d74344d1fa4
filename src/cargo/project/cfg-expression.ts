/**
 * Whether `target.'cfg(…)'` in cargo's configuration applies to the target that `cfgs` describes: the lines of `rustc
 * --print cfg`, like `unix` and `target_os="linux"`. Anything else never applies; cargo itself reports it.
 */
export function cfgApplies(key: string, cfgs: ReadonlySet<string>): boolean {
  const inner = /^cfg\((.*)\)$/s.exec(key)?.[1];
  const tokens = inner === undefined ? undefined : tokenize(inner);
  if (tokens === undefined) return false;
  const reader = new CfgReader(tokens, cfgs);
  const applies = reader.readExpression();
  return applies === true && reader.isAtEnd;
}

const TOKEN = /\s*(?:(?:r#)?([A-Za-z_]\w*)|("[^"]*")|([(),=]))\s*/y;

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

class CfgReader {
  #position = 0;

  constructor(
    readonly tokens: readonly string[],
    readonly cfgs: ReadonlySet<string>,
  ) {}

  get isAtEnd(): boolean {
    return this.#position === this.tokens.length;
  }

  /** Undefined: not an expression. */
  readExpression(): boolean | undefined {
    const name = this.tokens[this.#position++];
    if (name === undefined || !/^\w+$/.test(name)) return undefined;
    if (this.#take('(')) return combine(name, this.#readList());
    if (!this.#take('=')) return name === 'true' || (name !== 'false' && this.cfgs.has(name));
    const value = this.tokens[this.#position++];
    return value?.startsWith('"') ? this.cfgs.has(`${name}=${value}`) : undefined;
  }

  /** Reads up to the closing parenthesis; a trailing comma is allowed. */
  #readList(): boolean[] | undefined {
    const values: boolean[] = [];
    while (!this.#take(')')) {
      const value = this.readExpression();
      if (value === undefined) return undefined;
      values.push(value);
      if (!this.#take(',') && this.tokens[this.#position] !== ')') return undefined;
    }
    return values;
  }

  #take(token: string): boolean {
    if (this.tokens[this.#position] !== token) return false;
    this.#position += 1;
    return true;
  }
}

function combine(operator: string, values: readonly boolean[] | undefined): boolean | undefined {
  if (values === undefined) return undefined;
  if (operator === 'all') return values.every(Boolean);
  if (operator === 'any') return values.some(Boolean);
  return operator === 'not' && values.length === 1 ? !values[0] : undefined;
}
