import { posix } from 'node:path';
import type { RawObject } from '../capture/raw-profile.js';
import { KERNEL_OBJECT, type ResolvedAddresses, type ResolvedFrame } from '../ffi/symbolizer.js';
import {
  type Frame,
  type FrameIndex,
  type FrameKind,
  type ProfileBuilder,
  UNKNOWN_FRAME_NAME,
} from '../profile/profile.js';
import type { Address, AddressSet } from './address-set.js';
import type { FrameOrigin, OriginClassifier } from './origin.js';

/** The frames of one address, outermost first (the function, then what is inlined at the address). */
export interface FrameChain {
  frames: readonly FrameIndex[];
  isSymbolized: boolean;
  hasLine: boolean;
  /** The overwritten file, if the symbol was lost with its content. */
  replacedFile: string | undefined;
}

interface ObjectName {
  path: string;
  /** For unresolved frames: the file's name without directories. */
  shortName: string;
}

/** One chain per address of the set, in its order. */
export function frameChains(
  set: AddressSet,
  resolved: ResolvedAddresses,
  objects: readonly RawObject[],
  classifier: OriginClassifier,
  builder: ProfileBuilder,
): FrameChain[] {
  const names = new Map(objects.map((object) => [object.id, objectName(object)]));
  return set.addresses.map((address, index) => {
    const found = resolved.framesAt(index);
    const unnamedStart = found[0]?.unnamedStart;
    const isReplaced = found[0]?.isReplaced === true;
    const frames = unnamedStart === undefined && !isReplaced ? found : [];
    const isSymbolized = frames.length > 0;
    // Uses the function's start if known: with plain addresses, each instruction would become its own frame.
    const start = unnamedStart ?? address.address;
    const object = names.get(address.object);
    const named = isReplaced && object ? { ...object, shortName: `${object.shortName}:replaced` } : object;
    const place = placeOf({ ...address, address: start }, named, isSymbolized);
    const rows = isSymbolized ? frames.toReversed().map(frameAt(place)) : [unresolvedFrame(place)];
    return {
      frames: rows.map((row) => builder.addFrame({ ...row, ...originOf(row, place, classifier) })),
      isSymbolized,
      hasLine: (frames[0]?.line ?? 0) > 0,
      replacedFile: isReplaced ? object?.path : undefined,
    };
  });
}

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

function frameAt({ kind, objectPath, unresolvedName }: Place): (frame: ResolvedFrame) => UnclassifiedFrame {
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
