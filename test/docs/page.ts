import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kernel/running/repository.js';

/** A fenced block of a page. */
export interface Block {
  /** `sh`, `console`, …; '' where the fence names none. */
  language: string;
  lines: readonly string[];
  /** Of the fence in the page, from 1. */
  lineNumber: number;
  /** Why it is not run, as the comment before it says. */
  notRun: string | undefined;
}

/** README.md or a page of docs/. */
export interface Page {
  /** From the root of the repository. */
  path: string;
  text: string;
  lines: readonly string[];
  blocks: readonly Block[];
}

export const PAGES: readonly Page[] = [
  'README.md',
  ...readdirSync(join(repositoryRoot, 'docs'))
    .sort()
    .map((name) => `docs/${name}`),
].map((path) => readPage(path, readFileSync(join(repositoryRoot, path), 'utf8')));

export function pageOf(path: string): Page {
  const page = PAGES.find((page) => page.path === path);
  if (page === undefined) throw new Error(`there is no page ${path}`);
  return page;
}

export function isShell({ language }: Block): boolean {
  return language === 'sh' || language === 'console';
}

export function isRun(block: Block): boolean {
  return isShell(block) && block.notRun === undefined;
}

/** The page without its fenced blocks, where a link or a heading would be none. */
export function proseOf({ lines, blocks }: Page): string[] {
  const isFenced = (index: number) =>
    blocks.some(({ lineNumber, lines }) => index + 1 >= lineNumber && index <= lineNumber + lines.length);
  return lines.filter((_, index) => !isFenced(index));
}

/** The lines of the section below this heading. */
export function sectionOf(page: Page, heading: string): string[] {
  const start = page.lines.indexOf(`## ${heading}`);
  if (start < 0) throw new Error(`${page.path} has no section ${heading}`);
  const end = page.lines.findIndex((line, index) => index > start && line.startsWith('## '));
  return page.lines.slice(start + 1, end < 0 ? undefined : end);
}

/** What stands in backquotes in the first column of the tables among these lines. */
export function firstColumn(lines: readonly string[]): string[] {
  const cells = lines.flatMap((line) => /^\|(.*?)\|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`(.+?)`/g)].map(([, name]) => name!));
}

function readPage(path: string, text: string): Page {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index++) {
    const language = /^```(.*)$/.exec(lines[index]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', index + 1);
    if (end < 0) throw new Error(`${path}:${index + 1}: a fence without an end`);
    const notRun = /^<!-- not run: (.+) -->$/.exec(lines[index - 1] ?? '')?.[1];
    blocks.push({ language, lines: lines.slice(index + 1, end), lineNumber: index + 1, notRun });
    index = end;
  }
  return { path, text, lines, blocks };
}
