import { readFile } from 'node:fs/promises';
import { hasFlag } from '../command/cargo-flags.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { cargoTestArguments } from '../command/nextest-command.js';
import type { CargoProject } from '../project/cargo-project.js';
import { overriddenPackages } from '../project/overridden-packages.js';
import {
  DERIVED_PROFILE,
  derivedProfileArguments,
  inheritedProfile,
  type ProfileSelection,
} from './derived-profile.js';
import { type RootUnit, readRootUnits } from './unit-graph.js';

/** The cargo profile of a run. */
export interface BuildProfile {
  name: string;
  /** For every call of cargo that builds or finds the program. */
  args: string[];
  /** What our profile inherits; undefined if the profile is the user's. */
  inherits: string | undefined;
  /** What cargo will compile with it; undefined if cargo was not asked or does not answer. */
  roots: RootUnit[] | undefined;
}

/**
 * The user's own profile if its programs already have symbols, because deriving from it would build every dependency a
 * second time; otherwise the derived one.
 *
 * @param args cargo's arguments without the profile
 * @param wantsRoots whether to read the root units even if the choice does not need them
 */
export async function chooseBuildProfile(
  project: CargoProject,
  selection: ProfileSelection,
  args: readonly string[],
  wantsRoots: boolean,
): Promise<BuildProfile> {
  const { command, context, metadata } = project;
  const { verb, profileFlags, profileSelection } = command;
  const graphed = verb === 'nextest' ? cargoTestArguments(args) : args;
  if (selection === 'as-is') {
    const name = asIsName(verb, profileSelection);
    const roots = await readRootUnits(verb, [...graphed, ...asCargo(profileFlags)], context);
    return { name, args: profileFlags, inherits: undefined, roots };
  }
  const name = inheritedProfile(verb, selection);
  const own = ['--profile', name];
  const isAsked = wantsRoots || (await mayHaveSymbols(name, project));
  const roots = isAsked ? await readRootUnits(verb, [...graphed, ...own], context) : undefined;
  if (roots !== undefined && roots.length > 0 && roots.every(hasSymbols))
    return { name, args: asTyped(verb, own), inherits: undefined, roots };
  const overridden = await overriddenPackages(metadata.workspaceRoot, name);
  const derived = derivedProfileArguments(verb, selection, overridden);
  return { name: DERIVED_PROFILE, args: asTyped(verb, derived), inherits: name, roots };
}

/** Profiles that have debug information by default. */
const WITH_SYMBOLS = ['dev', 'test'];
/** Does not match our own settings tables. */
const PROFILE_TABLE = /\bprofile\b(?!-bee)/;

/** False if nothing can have given cargo's optimized profiles debug information: then there is no need to ask cargo. */
async function mayHaveSymbols(
  name: string,
  { command, config, context, metadata }: CargoProject,
): Promise<boolean> {
  const variables = Object.keys(context.env);
  if (WITH_SYMBOLS.includes(name) || config.merged.profile !== undefined) return true;
  if (hasFlag(command.args, '--config')) return true;
  if (variables.some((variable) => variable.startsWith('CARGO_PROFILE_'))) return true;
  const manifest = await readFile(metadata.workspaceManifestPath, 'utf8').catch(() => 'profile');
  return PROFILE_TABLE.test(manifest);
}

/** nextest's own `--profile` means something else. */
function asTyped(verb: CargoVerb, args: readonly string[]): string[] {
  return args.map((word) => (verb === 'nextest' && word === '--profile' ? '--cargo-profile' : word));
}

function asCargo(args: readonly string[]): string[] {
  return args.map((word) => word.replace(/^--cargo-profile/, '--profile'));
}

function asIsName(verb: CargoVerb, typed: ProfileSelection | undefined): string {
  if (typed === undefined || typed === 'as-is')
    return { run: 'dev', test: 'test', bench: 'bench', nextest: 'test' }[verb];
  return typed.kind === 'named' ? typed.name : typed.kind;
}

/** `line-tables-only` is not enough: inlined functions have no paths then. */
const ENOUGH_DEBUGINFO = new Set(['1', '2', 'limited', 'full']);

function hasSymbols({ debuginfo, isStripped, isSplit }: RootUnit): boolean {
  return ENOUGH_DEBUGINFO.has(debuginfo) && !isStripped && !isSplit;
}
