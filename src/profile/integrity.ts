import { FRAME_KINDS, NO_STACK, ORIGINS, type Profile, shownValues } from './profile.js';

/**
 * Integrity problems of a profile, one sentence each; empty if it is sound. Every test calls it on the profiles it makes.
 */
export function findIntegrityProblems(profile: Profile): string[] {
  return [
    ...stringProblems(profile),
    ...columnLengthProblems(profile),
    ...frameProblems(profile),
    ...stackProblems(profile),
    ...sampleProblems(profile),
  ];
}

function stringProblems({ strings }: Profile): string[] {
  const problems: string[] = [];
  if (strings[0] !== '') problems.push('string 0 is not empty');
  if (new Set(strings).size !== strings.length) problems.push('duplicate string');
  return problems;
}

function columnLengthProblems(profile: Profile): string[] {
  const { values, ...columns } = profile.samples;
  const samples = { ...columns, ...values };
  const tables = { frames: profile.frames, stacks: profile.stacks, samples };
  return Object.entries(tables).flatMap(([table, { length, ...columns }]) =>
    Object.entries(columns)
      .filter(([, column]) => column.length !== length)
      .map(([name, column]) => `${table}.${name} has ${column.length} rows of ${length}`),
  );
}

function frameProblems({ frames, strings }: Profile): string[] {
  const problems: string[] = [];
  const rows = new Set<string>();
  for (let i = 0; i < frames.length; i++) {
    const textColumns = [frames.name, frames.file, frames.crate, frames.crateVersion, frames.module];
    const texts = textColumns.map((column) => column[i]!);
    if (texts.some((index) => strings[index] === undefined))
      problems.push(`frame ${i} refers to a missing string`);
    if (strings[frames.name[i]!] === '') problems.push(`frame ${i} has no name`);
    if (ORIGINS[frames.origin[i]!] === undefined) problems.push(`frame ${i} has no origin`);
    if (FRAME_KINDS[frames.kind[i]!] === undefined) problems.push(`frame ${i} has no kind`);
    if (frames.line[i]! < 0 || frames.column[i]! < 0)
      problems.push(`frame ${i} has a negative line or column`);
    const numbers = [frames.line, frames.column, frames.origin, frames.kind, frames.isInlined].map(
      (c) => c[i],
    );
    rows.add([...texts, ...numbers].join());
  }
  if (rows.size !== frames.length) problems.push('duplicate frame');
  return problems;
}

function stackProblems({ stacks, frames }: Profile): string[] {
  const problems: string[] = [];
  const rows = new Set<string>();
  for (let i = 0; i < stacks.length; i++) {
    const parent = stacks.parent[i]!;
    if (parent < NO_STACK || parent >= i) problems.push(`stack ${i} has the parent ${parent}`);
    if (stacks.frame[i]! < 0 || stacks.frame[i]! >= frames.length) problems.push(`stack ${i} has no frame`);
    rows.add(`${parent},${stacks.frame[i]}`);
  }
  if (rows.size !== stacks.length) problems.push('duplicate stack');
  return problems;
}

function sampleProblems(profile: Profile): string[] {
  const { samples, stacks, strings, values, events, totalCount } = profile;
  if (values.length === 0 || samples.values.length !== values.length)
    return [`the samples have ${samples.values.length} values, the profile says ${values.length}`];
  const problems: string[] = [];
  for (let i = 0; i < samples.length; i++) {
    for (const [at, column] of samples.values.entries())
      if (!Number.isSafeInteger(column[i]) || column[i]! < (at === 0 ? 1 : 0))
        problems.push(`sample ${i} has the value ${column[i]} in ${values[at]!.name}`);
    if (events[samples.event[i]!] === undefined) problems.push(`sample ${i} has no event`);
    if (samples.stack[i]! < 0 || samples.stack[i]! >= stacks.length)
      problems.push(`sample ${i} has no stack`);
    if (strings[samples.comm[i]!] === undefined) problems.push(`sample ${i} has no comm`);
  }
  const sum = shownValues(profile).reduce((total, value) => total + value, 0);
  if (sum !== totalCount) problems.push(`the samples count ${sum}, the profile says ${totalCount}`);
  return problems;
}
