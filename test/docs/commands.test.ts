import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needsRoot } from '../kernel/running/needs-root.js';
import { type ExampleProject, exampleProject } from './example-project.js';
import { type Block, firstColumn, isRun, PAGES, pageOf, sectionOf } from './page.js';
import { patternsOf, shellScript } from './shell-script.js';

const TIMEOUT_MS = 60_000;

let project: ExampleProject;
if (needsRoot.skip === false) before(() => (project = exampleProject()));

for (const page of PAGES) {
  describe(page.path, () => {
    if (needsRoot.skip === false) after(() => project.tidy());
    for (const block of page.blocks.filter(isRun))
      test(`${page.path}:${block.lineNumber}: ${block.lines[0]}`, needsRoot, () => runBlock(block));
  });
}

const alreadyRun = new Set<string>();

/** Pages repeat commands of the README. One that depends on nothing else in its block is run once, to save time. */
function withoutRepetitions(block: Block): Block {
  const command = (line: string) => line.replace(/\s+#.*$/, '');
  if (block.language !== 'sh' || !block.lines.every((line) => /^(cargo[ -])?profile-bee\b/.test(line)))
    return block;
  const lines = block.lines.filter((line) => !alreadyRun.has(command(line)));
  for (const line of lines) alreadyRun.add(command(line));
  return { ...block, lines };
}

function runBlock(block: Block): void {
  const { text, outputs, printed } = shellScript(withoutRepetitions(block));
  for (const name of outputs.flatMap(filesNamed)) rmSync(name);
  const said = runShell(text);
  for (const name of outputs) {
    const files = filesNamed(name);
    assert.ok(files.length > 0, `no ${name} is written\n${said}`);
    for (const file of files) assertWhole(file);
  }
  const lines = said.split('\n');
  for (const pattern of printed.flatMap(patternsOf))
    assert.ok(
      lines.some((line) => pattern.test(line)),
      `${pattern} is not printed:\n${said}`,
    );
}

/** Standard output and error as a terminal shows them; throws where it does not end with 0. */
function runShell(script: string): string {
  const { directory, env } = project;
  const run = spawnSync('bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: directory,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  assert.equal(run.status, 0, `${run.error ?? run.signal ?? ''}\n${run.stdout}`);
  return run.stdout;
}

/** Absolute paths. */
function filesNamed(name: string): string[] {
  const { directory } = project;
  const [start = '', end] = name.split('*');
  const names =
    end === undefined
      ? [name].filter((file) => existsSync(join(directory, file)))
      : readdirSync(directory).filter((file) => file.startsWith(start) && file.endsWith(end));
  return names.map((file) => join(directory, file));
}

function assertWhole(file: string): void {
  const content = readFileSync(file, 'utf8');
  assert.notEqual(content, '', file);
  if (file.endsWith('.svg')) assert.match(content, /<g class="frame"[\s\S]*<\/svg>\s*$/, file);
  if (file.endsWith('.json')) JSON.parse(content);
  if (file.endsWith('.folded')) assert.match(content, /^(\S.* \d+\n)+$/, file);
}

test('the pages name what a summary has', needsRoot, () => {
  const flags = '--check-unwinding --summary-json fields.json --svg fields.svg';
  runShell(`profile-bee ${flags} -- ./target/release/server`);
  const summary = JSON.parse(readFileSync(join(project.directory, 'fields.json'), 'utf8')) as Summary;
  const fields = firstColumn(sectionOf(pageOf('docs/quality.md'), 'The summary JSON'));
  assert.ok(fields.length > 30);
  assert.deepEqual(
    fields.filter((field) => valueAt(summary, field) === undefined),
    [],
  );
  const unwinding = pageOf('docs/unwinding.md');
  const rules = firstColumn(sectionOf(unwinding, 'Code without CFI'));
  assert.deepEqual(withoutFirst(rules).sort(), Object.keys(summary.frames.by).sort());
  const reasons = firstColumn(sectionOf(unwinding, 'Incomplete stacks'));
  assert.deepEqual(withoutFirst(reasons).sort(), Object.keys(summary.stacks.incomplete).sort());
});

interface Summary {
  frames: { by: Record<string, number> };
  stacks: { incomplete: Record<string, number> };
}

/** The heading of the column names the field itself. */
function withoutFirst(names: readonly string[]): string[] {
  return names.slice(1);
}

function valueAt(json: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], json);
}
