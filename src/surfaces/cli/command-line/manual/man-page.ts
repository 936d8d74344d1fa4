import type { EventKind } from '../../../../capture/events/event.js';
import { DEFAULT_EVENT, EVENTS } from '../../../../capture/events/events.js';
import { packageVersion } from '../../../../run/package-version.js';
import { commandsOf } from '../../commands/commands.js';
import { COMMAND_PAGES, EXIT_CODES } from '../command-page.js';
import type { CommandName, FlagSpecification } from '../flag-specification.js';
import { flagsOf } from '../flags.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../options/output-formats.js';
import { FORMATS_INTRODUCTION, MANUALS, MANUALS_CHANGED, type ManualText } from './manual-text.js';
import { foldedLine, roffArgument, roffCode, roffText, wrappedLines } from './roff.js';

/** The manual page of a command, section 1, in man(7) macros. */
export function manPage(command: CommandName): string {
  const manual = MANUALS[command];
  const sections: [heading: string, body: string][] = [
    ['NAME', `${roffCode(command)} \\- ${roffText(manual.title)}\n`],
    ['SYNOPSIS', COMMAND_PAGES[command].synopses.map(synopsis).join('.br\n')],
    ['DESCRIPTION', description(command, manual)],
    ['OPTIONS', `${flagsOf(command).map(option).join('')}`],
    ['EVENTS', EVENTS.map(event).join('')],
    ['FORMATS', `${paragraphs(FORMATS_INTRODUCTION)}${OUTPUT_FORMATS.map(format).join('')}`],
    ['OTHER COMMANDS', otherCommands(command)],
    ['OUTPUT', paragraphs(manual.output)],
    ['EXIT STATUS', exitStatus(manual)],
    ['FILES', manual.files.map(({ name, says }) => item(italic(name), says)).join('')],
    ['ENVIRONMENT', manual.environment.map(({ name, says }) => item(bold(name), says)).join('')],
    ['EXAMPLES', COMMAND_PAGES[command].examples.map(example).join('')],
    ['SEE ALSO', seeAlso(manual)],
  ];
  return `${title(command)}${sections.map(([heading, body]) => `.SH ${roffArgument(heading)}\n${body}`).join('')}`;
}

/** Without the build date: the same sources give the same page. */
function title(command: CommandName): string {
  const name = roffCode(command.toUpperCase());
  return `.TH ${name} 1 ${MANUALS_CHANGED} "${command} ${packageVersion()}" "User Commands"\n`;
}

/** Words in capitals or brackets are placeholders: italic; the rest is typed as is. */
function synopsis(line: string): string {
  const parts = line.split(/([A-Z]{2,}(?: [A-Z]{2,})*)/);
  const fonts = parts.map((part, index) => (index % 2 === 1 ? `\\fI${part}\\fR` : typed(part)));
  return wrappedLines(fonts.join(''));
}

/** What follows a command's word. */
function operands(line: string): string {
  return line.replace(/[A-Z]{2,}|[^A-Z]+/g, (part) =>
    /^[A-Z]/.test(part) ? `\\fI${part}\\fR` : typed(part),
  );
}

function typed(text: string): string {
  return text.replace(/[a-z-]+(?: [a-z-]+)*/g, (words) => `\\fB${roffCode(words)}\\fR`);
}

function description(command: CommandName, manual: ManualText): string {
  const { purpose, notes } = COMMAND_PAGES[command];
  return paragraphs([purpose, ...manual.description, ...notes.map((lines) => lines.join(' '))]);
}

function paragraphs(texts: readonly string[]): string {
  return texts
    .map((text) => `.PP\n${sentences(text)}`)
    .join('')
    .replace(/^\.PP\n/, '');
}

/** Each sentence starts a line, as roff expects. Words in backquotes are bold. */
function sentences(text: string): string {
  const lines = text.split(/(?<=[.:;]) (?=[A-Z`])/);
  return lines.map((line) => wrappedLines(line.split('`').map(emphasized).join(''))).join('');
}

function emphasized(part: string, index: number): string {
  return index % 2 === 1 ? `\\fB${roffCode(part)}\\fR` : roffText(part);
}

function option(flag: FlagSpecification): string {
  const names = [...(flag.alias === undefined ? [] : [`-${flag.alias}`]), `--${flag.name}`];
  if (flag.isNegatable) names.push(`--no-${flag.name}`);
  const value = flag.value === undefined ? '' : ` \\fI${roffText(flag.value)}\\fR`;
  const isSaid = flag.choices?.every((choice) => flag.describe.includes(choice)) ?? true;
  const choices = isSaid ? '' : ` One of ${flag.choices?.map((choice) => `\`${choice}\``).join(', ')}.`;
  const repeatable = flag.isRepeatable ? ' May be given several times.' : '';
  const head = names.map((name) => `\\fB${roffCode(name)}\\fR`).join(', ');
  return item(`${head}${value}`, `${flag.describe}.${choices}${repeatable}`);
}

function event({ spelling, describe }: EventKind): string {
  const usual = spelling === DEFAULT_EVENT.spelling ? ' The default.' : '';
  return item(bold(spelling), `${describe}.${usual}`);
}

function format({ name, endings, describe, flag }: OutputFormat): string {
  const anyName = flag === undefined ? '' : `, or any name with \`--${flag}\``;
  return item(bold(name), `${capitalized(describe)}: ${endings.join(', ')}${anyName}.`);
}

function otherCommands(command: CommandName): string {
  return commandsOf(command)
    .map(({ word, synopsis: follows, describe }) => {
      const name = `\\fB${roffCode(`${command} ${word}`)}\\fR`;
      return item(follows === undefined ? name : `${name} ${operands(follows)}`, `${describe}.`);
    })
    .join('');
}

function exitStatus(manual: ManualText): string {
  const codes = EXIT_CODES.map(({ code, says, more }) =>
    item(bold(String(code)), `${capitalized(says)}. ${more}`),
  );
  return `${paragraphs(manual.exitStatus)}${codes.join('')}`;
}

function item(head: string, says: string): string {
  return `.TP\n${foldedLine(head)}${sentences(says)}`;
}

function bold(text: string): string {
  return `\\fB${roffCode(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${roffCode(text)}\\fR`;
}

function example({ line, says }: { line: string; says?: string }): string {
  return says === undefined
    ? `.TP\n${foldedLine(bold(line))}\\&\n`
    : item(bold(line), `${capitalized(says)}.`);
}

function seeAlso({ seeAlso }: ManualText): string {
  return seeAlso
    .map((page, index) => `.BR ${roffCode(page)} (1)${index < seeAlso.length - 1 ? ' ,' : ''}\n`)
    .join('');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
