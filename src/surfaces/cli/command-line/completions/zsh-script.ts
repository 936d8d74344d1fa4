import { NAMES_WORD } from '../../commands/commands.js';
import type { CompletedFlag, CompletedValue } from './completed-flag.js';
import { type CompletedWord, type Grammar, type Place, valueGroups } from './places.js';
import { quoted } from './quoted.js';
import { walkFunction } from './walk.js';

/**
 * A file `_cargo-profile-bee` on the fpath, or sourced after compinit. Cargo's `_cargo` calls the function of that name for
 * the subcommand.
 */
export function zshScript(wrapper: Grammar, profiler: Grammar): string {
  return [
    '#compdef cargo-profile-bee profile-bee\n# zsh completion for cargo profile-bee, cargo-profile-bee and profile-bee.\n',
    walkFunction('_profile_bee_walk_wrapper', wrapper),
    walkFunction('_profile_bee_walk_profiler', profiler),
    offersFunction('_profile_bee_offers_wrapper', wrapper.places),
    offersFunction('_profile_bee_offers_profiler', profiler.places),
    valuesFunction('_profile_bee_values_wrapper', wrapper),
    valuesFunction('_profile_bee_values_profiler', profiler),
    COMPLETE,
    ENTRY,
  ].join('\n');
}

function offersFunction(name: string, places: readonly Place[]): string {
  const cases = places.map(
    (place) => `        ${place.name})
            rest=${place.rest}
            words_here=(${described(place.words.map(wordLine))})
            flags_here=(${described(place.flags.flatMap(flagLines))}) ;;
`,
  );
  return `${name}() {\n    case $place in\n${cases.join('')}    esac\n}\n`;
}

function wordLine({ word, describe }: CompletedWord): string {
  return describe === '' ? word : `${word}:${describe}`;
}

function flagLines({ spellings, describe }: CompletedFlag): string[] {
  return spellings.map((word) => wordLine({ word, describe }));
}

function described(lines: readonly string[]): string {
  return lines.map((line) => `\n                ${quoted(line)}`).join('');
}

function valuesFunction(name: string, grammar: Grammar): string {
  const cases = valueGroups(grammar).map(
    ({ value, patterns }) => `        ${patterns.join(' | ')}) ${offered(value)} ;;\n`,
  );
  return `${name}() {\n    case $place:$flag in\n${cases.join('')}    esac\n}\n`;
}

function offered(value: CompletedValue): string {
  if (typeof value === 'object') {
    return 'choices' in value
      ? `_wanted values expl value compadd - ${value.choices.join(' ')}`
      : `_wanted names expl ${value.names} compadd - \${(f)"$(_profile_bee_names ${value.names})"}`;
  }
  return {
    file: '_files',
    directory: '_directories',
    pid: '_pids',
    text: '_message value',
  }[value];
}

const COMPLETE = `_profile_bee_names() {
    local program=cargo-profile-bee
    (( $+commands[$program] )) || program=$typed_command
    $program ${NAMES_WORD} $1 $arguments 2>/dev/null </dev/null
}

# wrapper|profiler, then the words after the command and before the cursor.
_profile_bee_complete() {
    local kind=$1 place flag rest=nothing expl
    local -a words_here flags_here arguments
    shift
    if [[ $kind == wrapper && \${1-} == record ]]; then
        kind=profiler
        shift
    fi
    arguments=("$@")
    _profile_bee_walk_$kind "$@"
    _profile_bee_offers_$kind
    if [[ $PREFIX == --*=* ]] && (( $#flags_here )); then
        flag=\${PREFIX%%=*}
        IPREFIX+=$flag=
        PREFIX=\${PREFIX#*=}
    elif [[ $PREFIX == -* ]]; then
        flag=
    fi
    if [[ -n $flag ]]; then
        _profile_bee_values_$kind
        return
    fi
    [[ $PREFIX == -* ]] && (( $#flags_here )) && rest=nothing
    case $rest in
        files) _files; return ;;
        command)
            local dashes=\${words[(i)--]}
            shift dashes words
            (( CURRENT -= dashes ))
            _normal
            return ;;
    esac
    local ret=1
    if [[ $PREFIX != -* ]] && (( $#words_here )); then
        _describe -t commands command words_here && ret=0
    fi
    if [[ $PREFIX == -* ]] || (( ! $#words_here )); then
        _describe -o -t options flag flags_here && ret=0
    fi
    return ret
}
`;

/** Depends on the first word: `_cargo` passes the rest of its line, with `profile-bee` in front. */
const ENTRY = `_cargo-profile-bee() {
    local typed_command=\${(Q)words[1]} kind=wrapper at=2
    if [[ \${service:t} == cargo && \${words[1]:t} == cargo ]]; then
        while [[ \${words[at]} == [+-]* ]]; do (( at++ )); done
        if [[ \${words[at]} != profile-bee ]] || (( at >= CURRENT )); then
            local ret=1
            (( at == CURRENT )) && compadd -- profile-bee && ret=0
            _default && ret=0
            return ret
        fi
        (( at++ ))
    elif [[ \${service:t} == profile-bee ]]; then
        kind=profiler
    fi
    _profile_bee_complete $kind "\${(@Q)words[at,CURRENT-1]}"
}

if [[ \${funcstack[1]} == _cargo-profile-bee ]]; then
    _cargo-profile-bee "$@"
else
    compdef _cargo-profile-bee cargo-profile-bee profile-bee
    (( $+_comps[cargo] )) || compdef _cargo-profile-bee cargo
fi
`;
