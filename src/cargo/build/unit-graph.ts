import type { CargoVerb } from '../command/cargo-verb.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';

/** What cargo would compile for a requested target, known before it compiles anything. */
export interface RootUnit {
  packageId: string;
  targetName: string;
  /** As cargo writes them: `bin`, `lib`, `proc-macro`, `test`, … */
  kinds: string[];
  /** `test`: with its harness, or the target that replaces it. */
  mode: 'build' | 'test' | 'doctest';
  profile: string;
  optLevel: string;
  debuginfo: string;
  /** Symbols or debug information are stripped. */
  isStripped: boolean;
  /** Debug information goes into files next to the program. */
  isSplit: boolean;
}

/** The cargo verb that builds the same units. */
const GRAPH_VERB: Record<CargoVerb, string[]> = {
  run: ['build'],
  test: ['test'],
  bench: ['bench'],
  nextest: ['test'],
};

/** The fields of `cargo --unit-graph` (version 1) that we read. */
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
 * The units behind `cargo run | test | bench ARGS`, with the profile that cargo computes for each from manifests,
 * configuration and environment; takes about 25 ms. `--unit-graph` is unstable; stable cargo accepts it under
 * RUSTC_BOOTSTRAP, and nothing is compiled with that variable set. Undefined if cargo does not answer: the build that
 * follows says why.
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

/** Undefined for an unknown version of the graph. */
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
