import { posix } from 'node:path';
import type { RawFrames, RawObject } from '../capture/raw-profile.js';
import {
  KERNEL_OBJECT,
  type ResolvedAddresses,
  type ResolvedFrame,
  type Symbolizer,
  type SymbolProblem,
} from '../ffi/symbolizer.js';
import {
  type Frame,
  type FrameIndex,
  type FrameKind,
  frameAt,
  type Profile,
  type ProfileBuilder,
  UNKNOWN_FRAME,
  UNKNOWN_FRAME_NAME,
} from '../profile/profile.js';
import { AddressTable, addressEntries } from './address-table.js';
import type { NamedFrame } from './grouping/libtest-stack.js';
import { type FrameOrigin, OriginClassifier, type PackageRoot } from './origin.js';

/** The frames of one address, outermost first (the function, then what is inlined at the address). */
export interface FrameChain {
  frames: readonly FrameIndex[];
  isKernel: boolean;
  isSymbolized: boolean;
  hasLine: boolean;
  /** The overwritten file, if the symbol was lost with its content. */
  replacedFile: string | undefined;
  /** Outermost first, with what the profile's frames do not say. */
  names(): readonly NamedFrame[];
}

interface ObjectName {
  path: string;
  /** For unresolved frames: the file's name without directories. */
  shortName: string;
}

interface Address {
  address: bigint;
  object: number;
  /** Found in anonymous executable memory. */
  isJit: boolean;
}

/** Chains of addresses and of frames, in the order of their numbers; frames of one address share its chain. */
export class ResolvedChains {
  readonly #addresses = new AddressTable();
  readonly #classifier: OriginClassifier;
  readonly #objects = new Map<number, ObjectName>();
  readonly #ofAddress: FrameChain[] = [];
  readonly #ofFrame: FrameChain[] = [];
  #haveChanged = false;

  constructor(packages: readonly PackageRoot[]) {
    this.#classifier = new OriginClassifier(packages);
  }

  get ofFrame(): readonly FrameChain[] {
    return this.#ofFrame;
  }

  /** Paths of files with frames that cannot be symbolized, as they were overwritten. */
  get replacedFiles(): string[] {
    const paths = this.#ofAddress.map(({ replacedFile }) => replacedFile);
    return [...new Set(paths.filter((path) => path !== undefined))];
  }

  /** Whether a chain that was handed out has other frames by now. */
  get haveChanged(): boolean {
    return this.#haveChanged;
  }

  /** Symbolizes the addresses that are new among the next frames. Returns what could not be read. */
  async add(
    frames: RawFrames,
    objects: readonly RawObject[],
    symbolizer: Symbolizer,
    builder: ProfileBuilder,
  ): Promise<readonly SymbolProblem[]> {
    for (const object of objects) this.#objects.set(object.id, objectName(object));
    const { numbers, fresh, nowJit } = this.#addresses.add(frames);
    const resolved = fresh.length === 0 ? NOTHING : await symbolizer.symbolize(addressEntries(frames, fresh));
    for (const number of nowJit) this.#noteJit(number, builder);
    for (const [index, row] of fresh.entries()) {
      const isJit = this.#addresses.isJit(numbers[row]!);
      const address = { address: frames.addresses[row]!, object: frames.objects[row]!, isJit };
      this.#ofAddress.push(this.#chain(address, resolved, index, builder));
    }
    for (const number of numbers) this.#ofFrame.push(this.#ofAddress[number]!);
    return resolved.problems;
  }

  /** Frames of the profile `from` become those of its successor. */
  moveTo(builder: ProfileBuilder, from: Profile): void {
    for (const chain of this.#ofAddress)
      chain.frames = chain.frames.map((frame) => builder.addFrame(frameAt(from, frame)));
    this.#haveChanged = false;
  }

  #chain(address: Address, resolved: ResolvedAddresses, index: number, builder: ProfileBuilder): FrameChain {
    const found = resolved.framesAt(index);
    const unnamedStart = found[0]?.unnamedStart;
    const isReplaced = found[0]?.isReplaced === true;
    const frames = unnamedStart === undefined && !isReplaced ? found : [];
    const isSymbolized = frames.length > 0;
    // Uses the function's start if known: with plain addresses, each instruction would become its own frame.
    const start = unnamedStart ?? address.address;
    const object = this.#objects.get(address.object);
    const named = isReplaced && object ? { ...object, shortName: `${object.shortName}:replaced` } : object;
    const place = placeOf({ ...address, address: start }, named, isSymbolized);
    const rows = isSymbolized ? frames.toReversed().map(frameIn(place)) : [unresolvedFrame(place)];
    return {
      frames: rows.map((row) => builder.addFrame({ ...row, ...originOf(row, place, this.#classifier) })),
      isKernel: address.object === KERNEL_OBJECT,
      isSymbolized,
      hasLine: (frames[0]?.line ?? 0) > 0,
      replacedFile: isReplaced ? object?.path : undefined,
      names: () => resolved.framesAt(index).toReversed(),
    };
  }

  /** A name from a perf map has said so already. */
  #noteJit(number: number, builder: ProfileBuilder): void {
    const chain = this.#ofAddress[number];
    if (chain === undefined || chain.isSymbolized) return;
    chain.frames = [builder.addFrame({ ...UNKNOWN_FRAME, kind: 'jit' })];
    this.#haveChanged = true;
  }
}

const NOTHING: ResolvedAddresses = { length: 0, framesAt: () => [], problems: [] };

interface Place {
  kind: FrameKind;
  objectPath: string;
  unresolvedName: string;
}

type UnclassifiedFrame = Omit<Frame, 'origin' | 'crate' | 'crateVersion'>;

function placeOf(address: Address, object: ObjectName | undefined, isResolved: boolean): Place {
  if (address.object === KERNEL_OBJECT)
    // Without the address: otherwise, without symbols, each address would be its own frame and reveal the kernel's
    // location.
    return { kind: 'kernel', objectPath: '[kernel]', unresolvedName: '[kernel]' };
  if (address.object === 0)
    // Outside of all files, only a perf map has symbols.
    return {
      kind: isResolved || address.isJit ? 'jit' : 'user',
      objectPath: '',
      unresolvedName: UNKNOWN_FRAME_NAME,
    };
  if (object === undefined) return { kind: 'user', objectPath: '', unresolvedName: UNKNOWN_FRAME_NAME };
  const unresolvedName = `[${object.shortName}+0x${address.address.toString(16)}]`;
  return { kind: 'user', objectPath: object.path, unresolvedName };
}

function objectName({ path }: RawObject): ObjectName {
  const shortName = posix
    .basename(path)
    .replace(/ \(deleted\)$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  return { path, shortName };
}

function frameIn({ kind, objectPath, unresolvedName }: Place): (frame: ResolvedFrame) => UnclassifiedFrame {
  return ({ name, file, line, column, isInlined, module }) => ({
    name: name === '' ? unresolvedName : name,
    file,
    line,
    column,
    kind,
    isInlined,
    module: module === '' ? objectPath : module,
  });
}

function unresolvedFrame({ kind, objectPath, unresolvedName }: Place): UnclassifiedFrame {
  return { name: unresolvedName, file: '', line: 0, column: 0, kind, isInlined: false, module: objectPath };
}

function originOf(row: UnclassifiedFrame, place: Place, classifier: OriginClassifier): FrameOrigin {
  const name = row.name === place.unresolvedName ? '' : row.name;
  return classifier.classify({ file: row.file, name, objectPath: place.objectPath, kind: row.kind });
}
