import { readFileSync, writeFileSync } from 'node:fs';

const replaced = new Map<string, string>();

/** Gives `kernel.NAME` of the machine this value until this process ends. Needs root. */
export function setKernelSetting(name: string, value: number): void {
  const path = `/proc/sys/kernel/${name}`;
  if (replaced.size === 0) process.on('exit', putBack);
  if (!replaced.has(path)) replaced.set(path, readFileSync(path, 'utf8'));
  writeFileSync(path, `${value}\n`);
}

function putBack(): void {
  for (const [path, before] of replaced) writeFileSync(path, before);
}

/** Runs the action while `kernel.NAME` of the machine has another value. Needs root. */
export async function withKernelSetting<T>(
  name: string,
  value: number,
  action: () => T | Promise<T>,
): Promise<T> {
  const path = `/proc/sys/kernel/${name}`;
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, `${value}\n`);
  try {
    return await action();
  } finally {
    writeFileSync(path, before);
  }
}
