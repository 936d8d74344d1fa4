import { getSystemErrorMap } from 'node:util';

/** What the system says, for people: "too many symbolic links encountered (ELOOP)". */
export function systemErrorText(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno === undefined ? undefined : numberText(errno)) ?? String(message ?? error);
}

/** The same of Linux's own number, which is positive. */
export function errnoText(errno: number): string {
  return numberText(-errno) ?? `system error ${errno}`;
}

/** As Node has it: negative. */
function numberText(errno: number): string | undefined {
  const [name, text] = getSystemErrorMap().get(errno) ?? [];
  return name === undefined ? undefined : `${text} (${name})`;
}
