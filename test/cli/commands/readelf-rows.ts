import { spawnSync } from 'node:child_process';

/** A row of `readelf --debug-dump=frames-interp`: the columns that matter here; absent columns are `u`. */
export interface ReadelfRow {
  address: bigint;
  /** Augmentation S: the kernel's signal frame, or another of which the caller was interrupted. */
  isSignal: boolean;
  cfa: string;
  rbp: string;
  ra: string;
}

export interface ReadelfFrames {
  rows: ReadelfRow[];
  /** Of each FDE: the code that it describes. Of all other code readelf knows nothing. */
  ranges: { start: bigint; end: bigint }[];
}

const CIE = /^([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ CIE "([^"]*)"/;
const FDE = /^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)/;

/** The rows of all FDEs of .eh_frame and .debug_frame, as readelf interprets them. */
export function readelfFrames(path: string): ReadelfFrames {
  // Its exit code is 1 also for a separate debug file that is not installed.
  const { stdout } = spawnSync('readelf', ['--wide', '--debug-dump=frames-interp', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const reader = new FrameReader();
  for (const line of stdout.split('\n')) reader.read(line);
  return reader.frames;
}

class FrameReader {
  readonly frames: ReadelfFrames = { rows: [], ranges: [] };
  readonly #cies = new Map<
    string,
    { isSignal: boolean; row?: readonly string[]; columns: readonly string[] }
  >();
  #columns: readonly string[] = [];
  #cie = '';
  #isInside = false;
  #isSignal = false;

  read(line: string): void {
    if (/^[0-9a-f]{8}/.test(line) && this.#readHeader(line)) return;
    const words = line.trim().replaceAll(' (', '(').split(/ +/); // `r7 (rsp)`: saved in a register
    if (words[1] === 'ZERO')
      this.#columns = []; // the terminator of a section
    else if (words[0] === 'LOC') this.#columns = words;
    else if (words.length < 3 || words.length !== this.#columns.length) return;
    else if (this.#isInside) this.#readRow(words);
    else this.#cies.set(this.#cie, { ...this.#cies.get(this.#cie)!, row: words, columns: this.#columns });
  }

  #readHeader(line: string): boolean {
    const [, offset = '', augmentation = ''] = CIE.exec(line) ?? [];
    if (offset !== '') {
      this.#isInside = false;
      this.#cie = offset;
      this.#cies.set(offset, { isSignal: augmentation.includes('S'), columns: [] });
      return true;
    }
    const [, cie = '', start = '', end = ''] = FDE.exec(line) ?? [];
    if (cie !== '') this.#enter(cie, start, end);
    return cie !== '';
  }

  /** An FDE that is all as its CIE says has no lines of its own. */
  #enter(cie: string, start: string, end: string): void {
    const known = this.#cies.get(cie);
    this.#isInside = true;
    this.#isSignal = known?.isSignal ?? false;
    this.frames.ranges.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) });
    if (known?.row === undefined) return;
    this.#columns = known.columns;
    this.#readRow([start, ...known.row.slice(1)]);
  }

  /** The FDE's own line for its start takes the place of the CIE's. */
  #readRow(words: readonly string[]): void {
    const { rows } = this.frames;
    const column = (name: string) => words[this.#columns.indexOf(name)] ?? 'u';
    const address = BigInt(`0x${words[0]}`);
    if (rows.at(-1)?.address === address) rows.pop();
    rows.push({
      address,
      isSignal: this.#isSignal,
      cfa: column('CFA'),
      rbp: column('rbp'),
      ra: column('ra'),
    });
  }
}
