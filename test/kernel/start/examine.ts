import { type BeeRequest, type BeeRun, runBee } from '../running/run-bee.js';

export interface DoctorReport {
  schema: string;
  version: string;
  checks: { code: string; status: 'ok' | 'warning' | 'problem'; found: string; fix?: string }[];
  verdict: { exitCode: number; message: string };
}

/** What `doctor --json` says behind the commands of `through`. */
export async function examine(
  through: readonly string[] = [],
  request: Partial<BeeRequest> = {},
): Promise<{ run: BeeRun; report: DoctorReport }> {
  const run = await runBee({
    command: 'profile-bee',
    args: ['doctor', '--json'],
    outputs: 'none',
    through,
    ...request,
  });
  try {
    return { run, report: JSON.parse(run.stdout) as DoctorReport };
  } catch (error) {
    throw new Error(`doctor printed no JSON: ${run.stdout}${run.stderr}`, { cause: error });
  }
}
