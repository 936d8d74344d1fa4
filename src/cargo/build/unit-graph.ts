import type { CargoVerb } from '../command/cargo-verb.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';

/** What cargo would compile for a target that it was asked for, before it compiles anything. */
export interface RootUnit {
  packageId: string;
  targetName: string;
  /** As cargo writes them: `bin`, `lib`, `proc-macro`, `test`, … */
  kinds: string[];
  /** `test`: with its harness, or the target that takes its place. */
  mode: 'build' | 'test' | 'doctest';
  profile: string;
  optLevel: string;
  debuginfo: string;
  /** Of symbols or of debug information. */
  isStripped: boolean;
  /** Debug information goes into files beside the program. */
  isSplit: boolean;
}

/** The verb of cargo's that builds the same. */
const GRAPH_VERB: Record<CargoVerb, string[]> = {
  run: ['build'],
  test: ['test'],
  bench: ['bench'],
  nextest: ['test'],
};

/** The part of `cargo --unit-graph` (version 1) that is read. */
interface UnitGraph {
  version: number;
  units: {
    pkg_id: string;
    target: { name: string; kind: string[] };
    profile: {
      name: string;
      opt_level: string;
      debuginfo: number | string | null;
      split_debuginfo: string | null;
      strip: unknown;
    };
    mode: string;
  }[];
  roots: number[];
}

/**
 * The units behind `cargo run | test | bench ARGS`, with the profile that cargo works out for each from manifests,
 * configuration and environment; about 25 ms. An unstable option of cargo's that stable takes under RUSTC_BOOTSTRAP;
 * nothing is compiled with that variable. Undefined where cargo does not answer: the build that follows says why.
 */
export async function readRootUnits(
  verb: CargoVerb,
  args: readonly string[],
  { cwd, env }: CargoContext,
): Promise<RootUnit[] | undefined> {
  const { execa } = await import('execa');
  const { failed, stdout } = await execa(
    cargoProgram(env),
    [...GRAPH_VERB[verb], ...args, '-Zunstable-options', '--unit-graph'],
    { cwd, env: { ...env, RUSTC_BOOTSTRAP: '1' }, extendEnv: false, stdin: 'ignore', reject: false },
  );
  return failed ? undefined : parseRootUnits(stdout);
}

/** Undefined for another version of the graph. */
export function parseRootUnits(json: string): RootUnit[] | undefined {
  const graph = JSON.parse(json) as UnitGraph;
  if (graph.version !== 1) return undefined;
  return graph.roots.flatMap((root): RootUnit[] => {
    const unit = graph.units[root];
    if (unit === undefined) return [];
    const { target, profile, mode } = unit;
    return [
      {
        packageId: unit.pkg_id,
        targetName: target.name,
        kinds: target.kind,
        mode: mode === 'test' || mode === 'doctest' ? mode : 'build',
        profile: profile.name,
        optLevel: profile.opt_level,
        debuginfo: String(profile.debuginfo ?? 0),
        isStripped: isStripped(profile.strip),
        isSplit: profile.split_debuginfo !== null && profile.split_debuginfo !== 'off',
      },
    ];
  });
}

/** `{"resolved":{"Named":"debuginfo"}}`, or `"None"` in one of several wrappings. */
function isStripped(strip: unknown): boolean {
  return /"Named"|"symbols"|"debuginfo"/.test(JSON.stringify(strip ?? null));
}
