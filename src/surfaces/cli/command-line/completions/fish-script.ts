import { VERB_SPELLINGS } from '../../../../cargo/command/cargo-verb.js';
import { NAMES_WORD } from '../../commands/commands.js';
import type { CompletedFlag, CompletedValue } from './completed-flag.js';
import { flagsOfOthersWithValue, type Grammar, NEXTEST_RUN, type Place, valueGroups } from './places.js';
import { quoted } from './quoted.js';

/**
 * Flags are declared to fish one by one, so that they take precedence over cargo's own completions in `cargo profile-bee
 * test --bin`. After `--` fish does not complete flags any more, so they are offered as words there.
 */
export function fishScript(wrapper: Grammar, profiler: Grammar): string {
  return [
    '# fish completion for cargo profile-bee, cargo-profile-bee and profile-bee.\n',
    walkFunction('__profile_bee_walk_wrapper', wrapper),
    walkFunction('__profile_bee_walk_profiler', profiler),
    HERE,
    behindDashes(wrapper),
    `for command in cargo cargo-profile-bee\n${completions('wrapper', wrapper)}${completions('record', profiler)}`,
    `    complete -c $command -n __profile_bee_is_behind_dashes -f -a '(__profile_bee_behind_dashes)'\nend\n`,
    `for command in profile-bee\n${completions('profiler', profiler)}end\n`,
  ].join('\n');
}

/** Like `walkFunction` for the other two shells: prints the place, then the flag that needs a value, if any. */
function walkFunction(name: string, grammar: Grammar): string {
  const { ours, cargoWithValue, others } = grammar;
  const isWrapper = cargoWithValue.length > 0;
  return `function ${name}
    set -l place first
    set -l flag
    for word in $argv
        if set -q flag[1]
            set flag
            string match -qr '^($|-$|-[0-9]|[^-])' -- $word; and continue
        end
        switch $place
            case first ours
                switch $place:$word
                    case '*:--'
                        set place ${isWrapper ? 'cargo' : 'command'}
                        continue
                    case ${others.flatMap(({ from, word }) => (from === 'first' ? `first:${word}` : [])).join(' ')}
                        set place $word
                        continue
                end
                switch $word
                    case ${exact(ours, true)}
                        set place ours
                        set flag $word
                        continue
                    case ${exact(ours, false)} ${attached(ours)}
                        set place ours
                        continue
                end
            case program harness command
                break
            case ${others.map(({ place }) => place).join(' ')}
                switch $place:$word
${otherSteps(grammar)}                    case '*:-*'
                    case '*'
                        set place nothing
                        break
                end
                continue
        end
${isWrapper ? cargoStep(cargoWithValue) : '        set place nothing\n        break\n'}    end
    printf '%s\\n' $place $flag
end
`;
}

/** To subcommands, and to values. */
function otherSteps(grammar: Grammar): string {
  const below = grammar.others.filter(({ from }) => from !== 'first');
  const steps = below.map(({ from, word, place }) => [`${from}:${word}`, `set place ${place}`]);
  const withValue = flagsOfOthersWithValue(grammar);
  if (withValue.length > 0) steps.push([withValue.join(' '), 'set flag $word']);
  return steps.map(([where, step]) => `${' '.repeat(20)}case ${where}\n${' '.repeat(24)}${step}\n`).join('');
}

function cargoStep(withValue: readonly string[]): string {
  const verbs = VERB_SPELLINGS.map(
    ([typed, verb]) => `                            case ${typed}
                                set place ${verb}
`,
  );
  return `        switch $word
            case --
                contains $place cargo run; and set place program; or set place harness
            case '-*'
                contains $place first ours cargo; and set place run
                switch $word
                    case ${withValue.join(' ')}
                        set flag $word
                end
            case '*'
                switch $place
                    case first ours cargo
                        switch $word
${verbs.join('')}                            case '*'
                                set place nothing
                        end
                    case run
                        set place program
                    case nextest
                        set place ${NEXTEST_RUN}
                end
        end
`;
}

function exact(flags: readonly CompletedFlag[], hasValue: boolean): string {
  const chosen = flags.filter(({ value }) => (value !== undefined) === hasValue);
  return chosen.flatMap(({ spellings }) => spellings).join(' ');
}

function attached(flags: readonly CompletedFlag[]): string {
  const spellings = flags.filter(({ value }) => value !== undefined).flatMap((flag) => flag.spellings);
  return spellings.map((name) => (name.startsWith('--') ? `'${name}=*'` : `'${name}*'`)).join(' ');
}

const HERE = `# The words of the command before the cursor; those of cargo profile-bee without cargo and its own. Fails on any other
# command of cargo.
function __profile_bee_words
    set -l words (commandline -opc)
    set -l command (string replace -r '.*/' '' -- $words[1])
    set -e words[1]
    if test "$command" = cargo
        while string match -qr '^[+-]' -- $words[1]
            set -e words[1]
        end
        test "$words[1]" = profile-bee; or return 1
        set -e words[1]
    end
    set -q words[1]; and printf '%s\\n' $words
    return 0
end

# wrapper|record|profiler: prints the place of the cursor, then the flag that waits for its value, if any. The wrapper's
# record is the profiler.
function __profile_bee_here
    set -l words (__profile_bee_words); or return 1
    set -l walk $argv[1]
    switch $walk
        case wrapper
            test "$words[1]" = record; and return 1
        case record
            test "$words[1]" = record; or return 1
            set -e words[1]
            set walk profiler
    end
    __profile_bee_walk_$walk $words
end

# wrapper|record|profiler PLACES…: whether the cursor stands in one of them.
function __profile_bee_at
    set -l here (__profile_bee_here $argv[1]); or return 1
    contains -- $here[1] $argv[2..]
end

# The same, where no flag waits for its value: behind -- fish itself does not know.
function __profile_bee_word_at
    set -l here (__profile_bee_here $argv[1]); or return 1
    not set -q here[2]; and contains -- $here[1] $argv[2..]
end

function __profile_bee_names
    set -l program cargo-profile-bee
    command -q $program; or set program (commandline -opc)[1]
    $program ${NAMES_WORD} $argv[1] (__profile_bee_words) 2>/dev/null </dev/null
end

# The command behind profile-bee's --, as it would complete alone.
function __profile_bee_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end
`;

function behindDashes(grammar: Grammar): string {
  const values = valueGroups(grammar).map(
    ({ value, patterns }) => `        case ${patterns.map(quoted).join(' ')}
            ${printed(value)}
`,
  );
  const places = grammar.places.filter(
    ({ name, flags }) => !['first', 'ours'].includes(name) && flags.length > 0,
  );
  const flags = places.map(
    ({ name, flags }) =>
      `        case ${name}\n            printf '%s\\t%s\\n' ${flags.flatMap(flagWords).join(' ')}\n`,
  );
  return `function __profile_bee_is_behind_dashes
    __profile_bee_here wrapper >/dev/null; and contains -- -- (__profile_bee_words)
end

function __profile_bee_behind_dashes
    set -l here (__profile_bee_here wrapper)
    set -l typed (commandline -ct)
    set -l prefix
    if string match -qr '^--[^=]+=' -- $typed
        set here[2] (string replace -r '=.*' '' -- $typed)
        set prefix $here[2]=
        set typed (string replace -- $prefix '' $typed)
    else if string match -q -- '-*' $typed
        set -e here[2]
    end
    contains -- $here[1] ${places.map(({ name }) => name).join(' ')}; or return
    switch "$here[1]:$here[2]"
        case '*:'
            string match -q -- '-*' $typed; and __profile_bee_flags $here[1]
${values.join('')}    end | string replace -r '^' -- "$prefix"
end

function __profile_bee_flags
    switch $argv[1]
${flags.join('')}    end
end
`;
}

function flagWords({ spellings, describe }: CompletedFlag): string[] {
  return spellings.flatMap((word) => [word, quoted(describe)]);
}

/** A command that prints the possible values. */
function printed(value: CompletedValue): string {
  if (typeof value === 'object') {
    return 'choices' in value
      ? `printf '%s\\n' ${value.choices.join(' ')}`
      : `__profile_bee_names ${value.names}`;
  }
  return {
    file: '__fish_complete_path $typed',
    directory: "__fish_complete_directories $typed ''",
    pid: '__fish_complete_pids',
    text: 'true',
  }[value];
}

function completions(kind: string, { places }: Grammar): string {
  const at = (where: readonly string[], what = 'at') =>
    `-n '__profile_bee_${what} ${kind} ${where.join(' ')}'`;
  const lines: string[] = [];
  for (const [rest, how] of Object.entries(RESTS)) {
    const chosen = places.filter((place) => place.rest === rest).map(({ name }) => name);
    if (chosen.length > 0) lines.push(`${at(chosen)} ${how}`);
  }
  for (const { item, where } of byPlaces(places, ({ words }) => words))
    lines.push(`${at(where, 'word_at')} -f -a ${item.word}${description(item.describe)}`);
  for (const { item, where } of byPlaces(places, ({ flags }) => flags))
    lines.push(`${at(where)} ${flagOptions(item)}${description(item.describe)}`);
  return lines.map((line) => `    complete -c $command ${line}\n`).join('');
}

const RESTS: Record<Place['rest'], string> = {
  nothing: '-f',
  files: '-F',
  command: "-x -a '(__profile_bee_command)'",
};

/** Each distinct item once, with the places that offer it. */
function byPlaces<T>(
  places: readonly Place[],
  itemsOf: (place: Place) => readonly T[],
): { item: T; where: string[] }[] {
  const found = new Map<string, { item: T; where: string[] }>();
  for (const place of places) {
    for (const item of itemsOf(place)) {
      const entry = found.get(JSON.stringify(item)) ?? { item, where: [] };
      entry.where.push(place.name);
      found.set(JSON.stringify(item), entry);
    }
  }
  return [...found.values()];
}

function flagOptions({ spellings, value }: CompletedFlag): string {
  const names = spellings.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return [...names, ...(value === undefined ? [] : [valueOptions(value)])].join(' ');
}

function valueOptions(value: CompletedValue): string {
  if (value === 'file') return '-r -F';
  if (value === 'text') return '-x';
  if (typeof value === 'object' && 'choices' in value) return `-x -a '${value.choices.join(' ')}'`;
  const command = value === 'directory' ? '__fish_complete_directories (commandline -ct)' : printed(value);
  return `-x -a '(${command})'`;
}

function description(text: string): string {
  return text === '' ? '' : ` -d ${quoted(text)}`;
}
