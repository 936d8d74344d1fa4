import { basename } from 'node:path';
import { type CargoConfig, configured, locateConfigured, splitWords } from '../project/cargo-config.js';
import { cfgApplies } from '../project/cfg-expression.js';
import { targetCfgs } from '../project/rustc.js';
import type { CargoContext } from './cargo-process.js';

/** The command that the user's cargo configuration puts in front of the programs of one target. */
export interface UserRunner {
  /** As in `target.<triple>`. */
  triple: string;
  /** Empty: no runner. The first can be found from any working directory. */
  words: string[];
  /** The form of `target.<triple>.runner`. Cargo only merges values of one form, so ours must match. */
  form: 'string' | 'array';
}

interface FoundRunner {
  words: string[];
  /** Its table in `target`; undefined: from the environment. */
  table: string | undefined;
}

/**
 * The user's runners from `--config`, the environment, the triple's table, or a `cfg(…)` table, in cargo's precedence. A
 * target without an entry has several matching `cfg(…)`; cargo reports that itself if no runner is added.
 */
export async function readUserRunners(
  config: CargoConfig,
  context: CargoContext,
  triples: readonly string[],
): Promise<UserRunner[]> {
  const runners = triples.map(async (target): Promise<UserRunner[]> => {
    const triple = target.endsWith('.json') ? basename(target, '.json') : target;
    const found = await findRunners(triple, target, config, context);
    if (found.length > 1) return [];
    const form = typeof config.merged.target?.[triple]?.runner === 'string' ? 'string' : 'array';
    const words = found[0] === undefined ? [] : await locateProgram(found[0], config, context);
    return [{ triple, words, form }];
  });
  return (await Promise.all(runners)).flat();
}

async function findRunners(
  triple: string,
  /** As rustc accepts it: a triple, or a target specification file. */
  target: string,
  config: CargoConfig,
  context: CargoContext,
): Promise<FoundRunner[]> {
  const fromEnvironment = context.env[`CARGO_TARGET_${triple.toUpperCase().replaceAll('-', '_')}_RUNNER`];
  const ofTriple = configured(config, (tables) => tables.target?.[triple]?.runner, fromEnvironment);
  if (ofTriple !== undefined) {
    const table = ofTriple === fromEnvironment ? undefined : triple;
    return [{ words: splitWords(ofTriple), table }];
  }
  const conditional = Object.entries(config.merged.target ?? {}).flatMap(([table, { runner }]) =>
    table.startsWith('cfg(') && runner !== undefined ? [{ words: splitWords(runner), table }] : [],
  );
  if (conditional.length === 0) return [];
  const cfgs = await targetCfgs(target, config, context);
  return conditional.filter(({ table }) => cfgApplies(table, cfgs));
}

async function locateProgram(
  { words, table }: FoundRunner,
  config: CargoConfig,
  context: CargoContext,
): Promise<string[]> {
  const [program, ...rest] = words;
  if (program === undefined) return [];
  const key = table === undefined ? undefined : `target.?${table}?.runner`;
  return [await locateConfigured(program, key, config, context), ...rest];
}
