import type { CargoCommand } from '../command/cargo-command.js';
import { hasFlag } from '../command/cargo-flags.js';
import { showCargoHelp } from '../command/cargo-refusal.js';
import { aliasesOf, canBeAlias, expandAlias } from '../command/expand-alias.js';
import { type OurFlags, refuseOurFlagsAfterAlias } from '../command/parse-cargo-arguments.js';
import { parseCargoCommand } from '../command/parse-cargo-command.js';
import type { CargoContext } from '../launch/cargo-process.js';
import { likelyTriples, readTargets } from '../launch/runner.js';
import { readUserRunners, type UserRunner } from '../launch/user-runner.js';
import { type CargoConfig, readCargoConfig } from './cargo-config.js';
import { readMetadata, type WorkspaceMetadata } from './metadata.js';

export interface CargoRequest {
  /** Cargo's part of the command line, with the verb if one was typed. */
  cargoArgs: readonly string[];
  /** Undefined if the line had no separator before them. */
  programArgs: readonly string[] | undefined;
  /** Everything typed before cargo's part, for lines to paste: `['cargo', 'profile-bee', '--svg', 'out.svg']`. */
  typedBefore?: readonly string[];
  /** The wrapper's flags, which are rejected after an alias too. */
  ourFlags?: OurFlags;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

const TYPED_BEFORE = ['cargo', 'profile-bee'];

/** A cargo command line with its project; nothing is built yet. */
export interface CargoProject {
  command: CargoCommand;
  context: CargoContext;
  typedBefore: readonly string[];
  config: CargoConfig;
  metadata: WorkspaceMetadata;
  /** The runners of the user's cargo configuration, by target triple. */
  userRunners: UserRunner[];
  metadataNs: bigint;
}

/**
 * Reads the command line and asks cargo for the workspace and its configuration.
 *
 * @throws UsageError for a command line that cannot be profiled, before anything is started
 * @throws CargoFailure if cargo ends first, with its exit code
 */
export async function readCargoProject(request: CargoRequest): Promise<CargoProject> {
  const context = { cwd: request.cwd ?? process.cwd(), env: request.env ?? process.env };
  const command = await readCommand(request, context);
  if (hasFlag(command.args, '--help')) return showCargoHelp(command.verb, context);
  const startNs = process.hrtime.bigint();
  const likely = likelyTriples(command.verb, command.args);
  const early = readMetadata(command.args, context, likely); // cargo and rustc answer in the meantime
  early.catch(() => {}); // awaited below
  const { config, triples } = await readTargets(command.verb, command.args, context);
  const isAsGuessed = likely.join() === triples.join();
  const [metadata, userRunners] = await Promise.all([
    isAsGuessed ? early : readMetadata(command.args, context, triples),
    readUserRunners(config, context, triples),
  ]);
  const metadataNs = process.hrtime.bigint() - startNs;
  const typedBefore = request.typedBefore ?? TYPED_BEFORE;
  return { command, context, typedBefore, config, metadata, userRunners, metadataNs };
}

async function readCommand(request: CargoRequest, context: CargoContext): Promise<CargoCommand> {
  const { cargoArgs: cargo, programArgs: program, ourFlags } = request;
  if (!canBeAlias(cargo)) return parseCargoCommand(cargo, program);
  const typed = { cargo, program };
  const expanded = expandAlias(typed, aliasesOf(await readCargoConfig([], context), context));
  if (expanded === typed) return parseCargoCommand(cargo, program);
  if (ourFlags !== undefined)
    refuseOurFlagsAfterAlias(typed, expanded, ourFlags, request.typedBefore ?? TYPED_BEFORE);
  return parseCargoCommand(expanded.cargo, expanded.program, cargo[0]);
}
