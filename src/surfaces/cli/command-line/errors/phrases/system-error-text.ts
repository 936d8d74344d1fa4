import { getSystemErrorMap } from 'node:util';

/** A system error as text: "too many symbolic links encountered (ELOOP)". */
export function systemErrorText(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno === undefined ? undefined : numberText(errno)) ?? String(message ?? error);
}

/** The same for Linux's own number, which is positive. */
export function errnoText(errno: number): string {
  return numberText(-errno) ?? `system error ${errno}`;
}

/** Takes Node's number, which is negative. */
function numberText(errno: number): string | undefined {
  const [name, text] = getSystemErrorMap().get(errno) ?? [];
  return name === undefined ? undefined : `${text} (${name})`;
}
