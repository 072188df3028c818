# Completion of autotune for bash. Options stand here as in frontends/cli/options.def; tests/cli checks it.

_autotune_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# The first column of a listing that autotune prints.
_autotune_listing() {
    _autotune_words "$(autotune "$@" 2>/dev/null | awk 'NR > 1 && NF { print $1 }')"
}

_autotune() {
    local cur prev words cword command i
    local commands="sweep show lookup explain pin bench gpubench verify devices templates freeze merge diff compact check export import lint import replay space trust doctor"
    local every="--json --help --version"
    local on_device="--arch --device --class --threads"
    local problems="--op --dtype --layout --epilogue --shape --shapes --model --phase"

    # Without `=` as a word break: an option and its value are one word.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n = cur prev words cword
    else
        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
        [ "$prev" = = ] && prev=${COMP_WORDS[COMP_CWORD - 2]}
        [ "$cur" = = ] && cur=
    fi
    command=sweep
    for i in $commands; do [ "${words[1]}" = "$i" ] && command=$i; done

    local option=$prev value=$cur
    case $cur in
        --*=*) option=${cur%%=*} value=${cur#*=} ;;
    esac
    case $option in
        --op) cur=$value; _autotune_words "gemm"; return ;;
        --dtype) cur=$value; _autotune_words "f64 f32 f16 bf16 f8e4m3 f8e4m3fnuz f8e5m2 i32 i8"; return ;;
        --layout) cur=$value; _autotune_words "nn nt tn tt"; return ;;
        --epilogue)
            cur=$value
            _autotune_words "none relu gelu silu reglu geglu swiglu bias bias+relu bias+gelu bias+silu"
            return ;;
        --phase) cur=$value; _autotune_words "prefill decode"; return ;;
        --model)
            cur=$value
            _autotune_words "llama-3.2-1b llama-3-8b llama-3-70b llama-3-405b qwen3-32b deepseek-v3 gpt-oss-120b"
            return ;;
        --strategy) cur=$value; _autotune_words "auto local random annealing genetic model exhaustive"; return ;;
        --budget) cur=$value; _autotune_words "60s 5m 1h 500 10%"; return ;;
        --device) cur=$value; _autotune_listing devices; return ;;
        --order) cur=$value; _autotune_words "forward reverse"; return ;;
        --gpus) cur=$value; _autotune_words "all"; return ;;
        --format) cur=$value; _autotune_words "t4 kerneltuner records aiter tunableop hipblaslt-log"; return ;;
        --template) cur=$value; _autotune_listing templates; return ;;
        --book | --sign | --password-file | --trust | --shapes | --space | --runs | --records | --output | -o) cur=$value; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --templates | --scratch) cur=$value; COMPREPLY=($(compgen -d -- "$cur")); return ;;
        --arch | --class | --threads | --m | --shard | --measure-ms | --peak-size | --peak-bytes | --seed | --jobs | --repeats | --sample | --shape | --targets | --filter | --problem | --fail-if-slower | --environment | --configuration | --comment | --because) return ;;
    esac

    case $cur in
        -*)
            case $command in
                sweep)
                    _autotune_words "$problems $on_device --gpus --book --budget --shard --scratch --strategy --seed --jobs --templates --fresh \
                        --retry-quarantined --dry-run --predict --confirm $every" ;;
                show) _autotune_words "--op --model --phase --book --trials $every" ;;
                lookup) _autotune_words "$on_device --book $every" ;;
                explain) _autotune_words "$on_device --book --all --template --configuration --templates $every" ;;
                pin) _autotune_words "$on_device --book --template --because --remove --list --templates $every" ;;
                bench) _autotune_words "$problems $on_device --book --seed --templates $every" ;;
                gpubench)
                    _autotune_words "--dtype --shapes --model --m $on_device --book --budget --seed --jobs --templates \
                        --fresh --no-tuning --measure-ms --peak-size --peak-bytes --output $every" ;;
                verify)
                    _autotune_words "$problems $on_device --emulate --template --sample --order --seed --jobs --templates \
                        $every" ;;
                devices) _autotune_words "--threads $every" ;;
                templates) _autotune_words "$on_device --templates $every" ;;
                freeze) _autotune_words "--scratch --jobs --templates --defaults --records --targets --output $every" ;;
                merge) _autotune_words "--scratch --fail-on-conflict --output $every" ;;
                diff) _autotune_words "--dtype --model --phase --all --fail-if-slower $every" ;;
                compact) _autotune_words "--scratch --regret --trials --dry-run --output $every" ;;
                check) _autotune_words "--repair --output $every" ;;
                export) _autotune_words "--format --without-code --filter --sign --password-file --problem --template --environment --threads --output $every" ;;
                import) _autotune_words "--format --problem --dtype --class --book --scratch --output --dry-run --trust --allow-unsigned $every" ;;
                lint) _autotune_words "--class $every" ;;
                replay) _autotune_words "--strategy --space --repeats --runs --seed $every" ;;
                space) _autotune_words "$every" ;;
                trust) _autotune_words "--comment $every" ;;
                doctor) _autotune_words "--threads --book --selftest --arch --emulate $every" ;;
            esac
            return ;;
    esac
    if [ "$cword" -eq 1 ]; then
        _autotune_words "$commands gemm"
    elif [ "$command" = templates ] && [ "$cword" -eq 2 ]; then
        _autotune_listing templates
    elif [ "$command" = trust ] && [ "$cword" -eq 2 ]; then
        _autotune_words "add list remove check"
    elif [ "$command" = trust ] && [ "${words[2]}" = remove ]; then
        _autotune_listing trust list
    elif case $command in freeze | merge | diff | compact | check | export | import | lint | import | replay | space | trust) ;; *) false ;; esac; then
        COMPREPLY=($(compgen -f -- "$cur"))
    else
        _autotune_words "gemm"
    fi
}

complete -o bashdefault -F _autotune autotune
