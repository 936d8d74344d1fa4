import { getSystemErrorMap } from 'node:util';

/** What the system says, for people: "too many symbolic links encountered (ELOOP)". */
export function systemErrorText(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const [name, text] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return name === undefined ? String(message ?? error) : `${text} (${name})`;
}
