import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../kernel/running/repository.js';
import { knownFlags } from './known-flags.js';
import { firstColumn, isRun, isShell, PAGES, type Page, pageOf, proseOf, sectionOf } from './page.js';

const README_LINES = 160;
/** Of blocks that are read and not run as commands; the program in `js` is run by test/packaging. */
const TEXT_LANGUAGES = ['text', 'toml', 'json', 'js'];

test(`README.md is a front page of at most ${README_LINES} lines, and names every page`, () => {
  const { lines } = pageOf('README.md');
  assert.ok(lines.length - 1 <= README_LINES, `it has ${lines.length - 1}`);
  const linked = linksOf(pageOf('README.md')).map(({ path }) => path);
  const pages = PAGES.map(({ path }) => path).filter((path) => path !== 'README.md');
  assert.ok(pages.length > 5);
  assert.deepEqual(
    pages.filter((path) => !linked.includes(path)),
    [],
  );
});

test('every page begins with the question that it answers', () => {
  for (const page of PAGES) {
    const [heading = '', blank, ...rest] = page.lines;
    assert.match(heading, /^# \S/, page.path);
    assert.equal(blank, '', page.path);
    assert.match(rest.slice(0, rest.indexOf('')).join(' '), /^[A-Z][^.?!]*\?/, page.path);
  }
});

test('every block is run, says why it is not, or holds no commands', () => {
  for (const { path, blocks } of PAGES) {
    for (const block of blocks) {
      const place = `${path}:${block.lineNumber}`;
      assert.ok(
        isShell(block) || TEXT_LANGUAGES.includes(block.language),
        `${place}: \`\`\`${block.language}`,
      );
      assert.ok(isShell(block) || block.notRun === undefined, `${place}: nobody would run it`);
      if (block.language === 'console') assert.match(block.lines[0] ?? '', /^\$ /, place);
    }
  }
});

test('every page has a command that is run', () => {
  for (const { path, blocks } of PAGES) assert.ok(blocks.some(isRun), path);
});

test('a comment that says why something is not run stands before a block', () => {
  for (const { path, text, blocks } of PAGES)
    assert.equal(
      text.match(/<!--/g)?.length ?? 0,
      blocks.filter(({ notRun }) => notRun !== undefined).length,
      path,
    );
});

test('every link leads to a file of the package, and to a heading that is there', () => {
  const { files } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    files: string[];
  };
  const links = PAGES.flatMap(linksOf);
  assert.ok(links.length > PAGES.length);
  for (const { path, anchor, place } of links) {
    assert.ok(existsSync(join(repositoryRoot, path)), `${place}: no file ${path}`);
    assert.ok(
      files.some((file) => path === file || path.startsWith(`${file}/`)),
      `${place}: ${path} is not in the package`,
    );
    if (anchor !== undefined) assert.ok(anchorsOf(pageOf(path)).includes(anchor), `${place}: #${anchor}`);
  }
});

test('every path of the repository that a page names is there', () => {
  for (const { path, text } of PAGES) {
    for (const [, named] of text.matchAll(/`((?:bin|bpf|native|src|test|fixtures|docs)\/[^`\s]*)`/g))
      assert.ok(existsSync(join(repositoryRoot, named!)), `${path}: ${named}`);
  }
});

test('every test that a page names is there', () => {
  const tests = readdirSync(join(repositoryRoot, 'test'), { recursive: true, encoding: 'utf8' });
  const named = PAGES.flatMap(({ text }) => text.match(/(?<=`)[\w-]+\.test\.ts(?=`)/g) ?? []);
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter((name) => !tests.some((path) => path.endsWith(`/${name}`))),
    [],
  );
});

test("every flag that a page names is ours, cargo's, or of a program that the test knows", () => {
  const known = knownFlags();
  for (const { path, lines } of PAGES) {
    for (const [index, line] of lines.entries()) {
      for (const [flag] of line.replaceAll(/<!--|-->/g, '').matchAll(/(?<![\w-])--[a-z][\w-]*(?:=host)?/g))
        assert.ok(known.has(flag), `${path}:${index + 1}: ${flag}`);
    }
  }
});

test('every problem that the page on quality names is one that the source knows', () => {
  const files = readdirSync(join(repositoryRoot, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts'));
  const source = sources.map((file) => readFileSync(join(repositoryRoot, 'src', file), 'utf8')).join('\n');
  const codes = firstColumn(sectionOf(pageOf('docs/quality.md'), 'A poor profile'));
  assert.ok(codes.length > 10);
  assert.deepEqual(
    codes.filter((code) => !source.includes(`'${code}'`)),
    [],
  );
});

interface Link {
  /** From the root of the repository. */
  path: string;
  anchor: string | undefined;
  place: string;
}

/** Relative ones; others lead out of the repository. */
function linksOf(page: Page): Link[] {
  const targets = [
    ...proseOf(page)
      .join('\n')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
      return { path, anchor, place: `${page.path}: (${target})` };
    });
}

/** As GitHub makes them. */
function anchorsOf(page: Page): string[] {
  const headings = proseOf(page).flatMap((line) => /^#+ (.+)$/.exec(line)?.[1] ?? []);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
