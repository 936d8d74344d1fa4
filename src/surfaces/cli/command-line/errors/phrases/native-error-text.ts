/** A text of libbee, as the commands say it: no capital, no full stop, and the system's number for the error left out. */
export function nativeErrorText({ message }: Error): string {
  return message
    .replace(/^(Cannot|The|Another)\b/, (word) => word.toLowerCase())
    .replace(/ \(os error \d+\)|\.$/g, '');
}
