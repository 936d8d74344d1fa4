import { VERB_SPELLINGS } from '../../../../cargo/command/cargo-verb.js';
import type { CompletedFlag } from './completed-flag.js';
import { flagsOfOthersWithValue, type Grammar, NEXTEST_RUN, type OtherCommand } from './places.js';

/**
 * The function `NAME WORDS…` in the common subset of bash and zsh: sets `place` to the cursor's position after WORDS, and
 * `flag` to the flag that needs a value. As in the parser, a value does not start with a dash, except `-` alone and
 * negative numbers.
 */
export function walkFunction(name: string, grammar: Grammar): string {
  const isWrapper = grammar.cargoWithValue.length > 0;
  return `${name}() {
    local word
    place=first flag=
    for word in "$@"; do
        if [[ -n $flag ]]; then
            flag=
            case $word in '' | - | -[0-9]* | [!-]*) continue ;; esac
        fi
        case $place in
            first | ours)
                case $place:$word in
                    *:--) place=${isWrapper ? 'cargo' : 'command'}; continue ;;
                    ${atFirst(grammar.others)}) place=$word; continue ;;
                esac
                case $word in
                    ${exact(grammar.ours, true)}) place=ours flag=$word; continue ;;
                    ${exact(grammar.ours, false)} | ${attached(grammar.ours)}) place=ours; continue ;;
                esac ;;
            program | harness | command) return ;;
            ${grammar.others.map(({ place }) => place).join(' | ')})
                case $place:$word in
${otherSteps(grammar)}                    *:-*) ;;
                    *) place=nothing; return ;;
                esac
                continue ;;
        esac
${isWrapper ? cargoStep(grammar) : '        place=nothing; return\n'}    done
}
`;
}

function cargoStep({ cargoWithValue }: Grammar): string {
  const verbs = VERB_SPELLINGS.map(([typed, verb]) => `${typed}) place=${verb} ;;`).join(' ');
  return `        case $word in
            --) case $place in cargo | run) place=program ;; *) place=harness ;; esac ;;
            -*)
                case $place in first | ours | cargo) place=run ;; esac
                case $word in ${cargoWithValue.join(' | ')}) flag=$word ;; esac ;;
            *)
                case $place in
                    first | ours | cargo) case $word in ${verbs} *) place=nothing; return ;; esac ;;
                    run) place=program ;;
                    nextest) place=${NEXTEST_RUN} ;;
                esac ;;
        esac
`;
}

function exact(flags: readonly CompletedFlag[], hasValue: boolean): string {
  const chosen = flags.filter(({ value }) => (value !== undefined) === hasValue);
  return chosen.flatMap(({ spellings }) => spellings).join(' | ');
}

/** `--svg=out.svg`, `-oout.svg`. */
function attached(flags: readonly CompletedFlag[]): string {
  const spellings = flags.filter(({ value }) => value !== undefined).flatMap((flag) => flag.spellings);
  return spellings.map((name) => (name.startsWith('--') ? `${name}=*` : `${name}?*`)).join(' | ');
}

function atFirst(others: readonly OtherCommand[]): string {
  const first = others.filter(({ from }) => from === 'first');
  return first.map(({ word }) => `first:${word}`).join(' | ');
}

/** To subcommands, and to values. */
function otherSteps(grammar: Grammar): string {
  const below = grammar.others.filter(({ from }) => from !== 'first');
  const steps = below.map(({ from, word, place }) => `${from}:${word}) place=${place} ;;`);
  const withValue = flagsOfOthersWithValue(grammar);
  if (withValue.length > 0) steps.push(`${withValue.join(' | ')}) flag=$word ;;`);
  return steps.map((step) => `${' '.repeat(20)}${step}\n`).join('');
}
