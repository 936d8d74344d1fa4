// A reporter of node's test runner: each test that failed, with the place and the message, and nothing of the others.

import { relative } from 'node:path';

export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.details.error?.failureType === 'subtestsFailed') continue;
    const error = data.details.error?.cause ?? data.details.error;
    const text = String(error?.message ?? error)
      .split('\n')
      .map((line) => `    ${line}`);
    yield `${relative(process.cwd(), data.file)}:${data.line}: ${data.name}\n${text.slice(0, 40).join('\n')}\n`;
  }
}
