import { NAMES_WORD } from '../../commands/commands.js';
import type { CompletedValue } from './completed-flag.js';
import { type Grammar, type Place, valueGroups } from './places.js';
import { walkFunction } from './walk.js';

/** For bash 4 and newer, with bash-completion or without. */
export function bashScript(wrapper: Grammar, profiler: Grammar): string {
  return [
    '# bash completion for cargo profile-bee, cargo-profile-bee and profile-bee.\n',
    walkFunction('_profile_bee_walk_wrapper', wrapper),
    walkFunction('_profile_bee_walk_profiler', profiler),
    offersFunction('_profile_bee_offers_wrapper', wrapper.places),
    offersFunction('_profile_bee_offers_profiler', profiler.places),
    valuesFunction('_profile_bee_values_wrapper', wrapper),
    valuesFunction('_profile_bee_values_profiler', profiler),
    COMPLETE,
    COMMANDS,
    CARGO,
  ].join('\n');
}

function offersFunction(name: string, places: readonly Place[]): string {
  const cases = places.map((place) => {
    const words = place.words.map(({ word }) => word).join(' ');
    const flags = place.flags.flatMap(({ spellings }) => spellings).join(' ');
    return `        ${place.name}) words_here='${words}' rest=${place.rest}\n            flags_here='${flags}' ;;\n`;
  });
  return `${name}() {\n    case $place in\n${cases.join('')}    esac\n}\n`;
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
      ? `_profile_bee_offer ${value.choices.join(' ')}`
      : `_profile_bee_offer $(_profile_bee_names ${value.names})`;
  }
  const commands = {
    file: '_profile_bee_option default',
    directory: '_profile_bee_option dirnames',
    pid: '_profile_bee_offer $(cd /proc && compgen -G "[0-9]*")',
    text: '',
  };
  return commands[value];
}

const COMPLETE = `# Sets words (those before the cursor, the command first), cur (up to the cursor) and kept (what bash keeps of cur):
# COMP_WORDS is split at each = and : too, and here it is put together again.
_profile_bee_read_line() {
    local rest="\${COMP_LINE:0:COMP_POINT}" at piece trimmed last
    words=() cur= kept=
    for (( at = 0; at <= COMP_CWORD; at++ )); do
        trimmed="\${rest#"\${rest%%[![:space:]]*}"}"
        piece="\${COMP_WORDS[at]}"
        (( at == COMP_CWORD )) && piece="$trimmed"
        last=$(( \${#words[@]} - 1 ))
        if (( at > 0 )) && [[ -n $piece && $trimmed == "$rest" ]]; then
            words[last]+="$piece"
        else
            words+=("$piece")
        fi
        if (( at == 0 )); then
            rest="\${trimmed#"\${trimmed%%[[:space:]]*}"}"
        else
            rest="\${trimmed#"$piece"}"
        fi
    done
    last=$(( \${#words[@]} - 1 ))
    cur="\${words[last]}"
    case \${COMP_WORDS[COMP_CWORD]} in = | :) kept="$cur" ;; *) kept="\${cur%"$piece"}" ;; esac
    words=("\${words[@]:0:last}")
    for (( at = 0; at < last; at++ )); do words[at]="\${words[at]//[\\\\\\'\\"]/}"; done
}

# Offers those of its arguments that begin with what is typed.
_profile_bee_offer() {
    local word
    for word in "$@"; do
        word="$prefix$word"
        [[ $word == "$cur"* ]] && COMPREPLY+=("\${word#"$kept"}")
    done
}

# The rest is left to readline: it knows of quotes, ~ and folders.
_profile_bee_option() { compopt -o "$1" 2>/dev/null; }

_profile_bee_names() {
    local program=cargo-profile-bee
    type -P "$program" >/dev/null || program="\${words[0]}"
    "$program" ${NAMES_WORD} "$1" "\${arguments[@]}" 2>/dev/null </dev/null
}

# wrapper|profiler, then the words after the command.
_profile_bee_complete() {
    local kind=$1 place flag prefix= words_here= flags_here= rest=nothing IFS=$' \\t\\n'
    shift
    if [[ $kind == wrapper && \${1-} == record ]]; then
        kind=profiler
        shift
    fi
    local arguments=("$@")
    compopt +o default +o bashdefault +o nospace +o filenames 2>/dev/null
    "_profile_bee_walk_$kind" "$@"
    "_profile_bee_offers_$kind"
    if [[ $cur == --*=* && -n $flags_here ]]; then
        flag="\${cur%%=*}" prefix="\${cur%%=*}="
    elif [[ $cur == -* ]]; then
        flag=
    fi
    if [[ -n $flag ]]; then
        "_profile_bee_values_$kind"
        return
    fi
    [[ $cur == -* && -n $flags_here ]] && rest=nothing
    case $rest in
        files) _profile_bee_option default; _profile_bee_option bashdefault; return ;;
        command) _profile_bee_command; return ;;
    esac
    [[ $cur == -* ]] || _profile_bee_offer $words_here
    [[ $cur == -* || ( -z $cur && -z $words_here ) ]] && _profile_bee_offer $flags_here
    return 0
}

# The command behind profile-bee's -- completes as it would alone, where bash-completion is there to ask.
_profile_bee_command() {
    local at=0
    while [[ \${COMP_WORDS[at]} != -- ]]; do (( at++ )); done
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset $(( at + 1 ))
    elif declare -F _command_offset >/dev/null; then
        _command_offset $(( at + 1 ))
    elif (( COMP_CWORD == at + 1 )) && [[ $cur != */* ]]; then
        COMPREPLY=($(compgen -c -- "$cur"))
    else
        _profile_bee_option default
    fi
}
`;

const COMMANDS = `_profile_bee_wrapper() {
    local words cur kept
    _profile_bee_read_line
    COMPREPLY=()
    _profile_bee_complete wrapper "\${words[@]:1}"
}

_profile_bee_profiler() {
    local words cur kept
    _profile_bee_read_line
    COMPREPLY=()
    _profile_bee_complete profiler "\${words[@]:1}"
}

complete -F _profile_bee_wrapper cargo-profile-bee
complete -F _profile_bee_profiler profile-bee
`;

const CARGO = `# cargo [+TOOLCHAIN] [FLAGS] profile-bee … is ours, any other cargo command is for the completion that was there.
_profile_bee_cargo() {
    local words cur kept at
    _profile_bee_read_line
    for (( at = 1; at < \${#words[@]}; at++ )); do
        [[ \${words[at]} == [+-]* ]] || break
    done
    if [[ \${words[at]-} != profile-bee ]]; then
        _profile_bee_cargo_itself "$@"
        return
    fi
    COMPREPLY=()
    _profile_bee_complete wrapper "\${words[@]:at + 1}"
}

_profile_bee_cargo_itself() {
    if [[ -n $_profile_bee_others ]]; then
        "$_profile_bee_others" "$@"
        return
    fi
    _profile_bee_load_cargo && return 124 # bash asks again, as what completes cargo has changed
    COMPREPLY=()
    _profile_bee_option default
    _profile_bee_option bashdefault
    [[ $at -eq \${#words[@]} && profile-bee == "$cur"* ]] && COMPREPLY=(profile-bee)
    return 0
}

# bash-completion loads what it has for a command when the command is first completed, unless something is there: us.
_profile_bee_load_cargo() {
    if declare -F _comp_load >/dev/null; then
        _comp_load cargo
    elif declare -F __load_completion >/dev/null; then
        __load_completion cargo
    fi >/dev/null 2>&1
    _profile_bee_wrap_cargo
    [[ -n $_profile_bee_others ]]
}

# Takes the place of the function that completes cargo, and keeps its name and its options. One that is no function
# cannot be called from here, and stays.
_profile_bee_wrap_cargo() {
    local there
    there="$(complete -p cargo 2>/dev/null)"
    if [[ -z $there ]]; then
        complete -F _profile_bee_cargo cargo
    elif [[ $there =~ ' -F '([^ ]+)' ' && \${BASH_REMATCH[1]} != _profile_bee_cargo ]]; then
        _profile_bee_others="\${BASH_REMATCH[1]}"
        eval "\${there/ -F $_profile_bee_others / -F _profile_bee_cargo }"
    fi
}

[[ -n \${_profile_bee_others-} ]] || _profile_bee_others=
_profile_bee_wrap_cargo
`;
