/** A message of libbee in the commands' style: no initial capital, full stop or system error number. */
export function nativeErrorText({ message }: Error): string {
  return message
    .replace(/^(Cannot|The|Another)\b/, (word) => word.toLowerCase())
    .replace(/ \(os error \d+\)|\.$/g, '');
}
