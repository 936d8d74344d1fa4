import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { closedByNode, type OpenDescriptor } from '../../../src/cargo/launch/inherited-descriptors.js';

/** number file access (`r`, `w`, `rw`), and `stays` for what is not close-on-exec */
function descriptors(text: string): OpenDescriptor[] {
  const lines = text.trim().split('\n');
  return lines.map((line) => {
    const [number = '', file = '', access = '', stays] = line.trim().split(/ +/);
    return {
      number: Number(number),
      file,
      access: ['r', 'w', 'rw'].indexOf(access),
      isCloseOnExec: stays === undefined,
    };
  });
}

/** As `cargo profile-bee 5<&0 6</etc/passwd` under make -j, on Node 22. */
const OPEN = `
  0  /dev/null                r
  1  pipe:[1]                 w
  2  pipe:[1]                 w
  10 anon_inode:[eventpoll]   rw
  11 anon_inode:[io_uring]    rw
  12 pipe:[7]                 r
  13 pipe:[7]                 w
  14 anon_inode:[eventfd]     rw
  3  pipe:[9]                 r
  4  pipe:[9]                 w
  5  /dev/null                r
  6  /etc/passwd              r
  7  pipe:[1]                 w
  8  pipe:[1]                 w
  9  socket:[3]               rw
  30 /tmp/high                r   stays
`;

test('Node’s own are left, a pipe to itself among them; a job server is known by the parent that has it too', () => {
  assert.deepEqual(
    closedByNode(descriptors(OPEN), () => ['/dev/tty', 'pipe:[9]']),
    [3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual(
    closedByNode(descriptors(OPEN), () => []),
    [5, 6, 7, 8, 9],
  );
});

test('the parent is not asked where no pipe has two ends here', () => {
  const open = descriptors('3 pipe:[1] w\n4 pipe:[1] w\n5 pipe:[2] r');
  assert.deepEqual(
    closedByNode(open, () => assert.fail('asked')),
    [3, 4, 5],
  );
});

test('what this Node opens by itself is not among them, what it was given is', () => {
  const module = new URL('../../../src/cargo/launch/inherited-descriptors.js', import.meta.url).href;
  // Noted first, as the commands do; an import of a file that has been loaded opens nothing.
  const script = `import { noteInheritedDescriptors, inheritedStdio } from ${JSON.stringify(module)};
    noteInheritedDescriptors();
    console.log(JSON.stringify(inheritedStdio()));`;
  const file = openSync('/dev/zero', 'r');
  const stdio = ['ignore' as const, 'pipe' as const, 'inherit' as const, 'ignore' as const, file, 1];
  const args = ['--input-type=module', '-e', script];
  const { stdout } = spawnSync(process.execPath, args, { stdio, encoding: 'utf8' });
  const noted = (JSON.parse(stdout) as string[]).flatMap((kind, index) =>
    kind === 'inherit' ? [index + 3] : [],
  );
  const given = new Set([4, 5, ...leftOpenForChildren()]);
  assert.ok(noted.includes(4) && noted.includes(5), stdout);
  assert.deepEqual(
    noted.filter((number) => !given.has(number)),
    [],
  );
});

/** Of whoever started the tests. */
function leftOpenForChildren(): number[] {
  const flags = (name: string) => {
    try {
      const info = readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
      return Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '', 8);
    } catch {
      return 0o2000000;
    }
  };
  const names = readdirSync('/proc/self/fd');
  return names.filter((name) => (flags(name) & 0o2000000) === 0).map(Number);
}
