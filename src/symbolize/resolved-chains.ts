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

/** What one address became: its frames outermost first (the function, then what is inlined at the address). */
export interface FrameChain {
  frames: readonly FrameIndex[];
  isSymbolized: boolean;
  hasLine: boolean;
  /** The file whose content was written over, and with it the name. */
  replacedFile: string | undefined;
}

interface ObjectName {
  path: string;
  /** For names of unresolved frames: the file's name without directories. */
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
    // By the function's start where it is known: by addresses, each instruction would be a frame of its own.
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
    // Not with its address: without symbols each would be a name of its own, and tell where the kernel lies.
    return { kind: 'kernel', objectPath: '[kernel]', unresolvedName: '[kernel]' };
  if (address.object === 0)
    // Outside of every file only a perf map gives names.
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
