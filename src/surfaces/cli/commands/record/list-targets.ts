import { shellLine } from '../../../../cargo/command/shell-line.js';
import type { CargoProject } from '../../../../cargo/project/cargo-project.js';
import { type ProfilableTarget, profilableTargets } from '../../../../cargo/project/profilable-targets.js';
import { jsonText } from '../../outputs/json-text.js';

export const TARGETS_SCHEMA = 'profile-bee.targets/1';

/** The output of `--list-targets`: one line per target, ending with the command that profiles it; or JSON. */
export function targetsText(project: CargoProject, asJson: boolean): string {
  const targets = profilableTargets(project);
  if (asJson) return jsonText(targetsJson(project, targets));
  if (targets.length === 0)
    return 'nothing in this workspace can be profiled: it has no binary, example, test or bench\n';
  const rows = targets.map((target) => [describeKind(target), target.name, target.package]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row, index) => {
      const cells = row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
      return `${cells}  ${shellLine(commandLine(targets[index]!))}\n`;
    })
    .join('');
}

function describeKind({ kind, isUnitTest, isDefault }: ProfilableTarget): string {
  if (isUnitTest) return 'unit tests';
  return isDefault ? `${kind} (default)` : kind;
}

function commandLine({ cargoArgs }: ProfilableTarget): string[] {
  return ['cargo', 'profile-bee', ...cargoArgs];
}

function targetsJson({ metadata }: CargoProject, targets: readonly ProfilableTarget[]): unknown {
  return {
    schema: TARGETS_SCHEMA,
    workspaceRoot: metadata.workspaceRoot,
    targets: targets.map(({ cargoArgs, isDefault, isUnitTest, ...target }) => ({
      ...target,
      unitTest: isUnitTest,
      default: isDefault,
      command: ['cargo', 'profile-bee', ...cargoArgs],
    })),
  };
}
