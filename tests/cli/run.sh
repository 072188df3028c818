#!/bin/sh
# Golden tests of the command line: `AUTOTUNE=build/autotune tests/cli/run.sh [--update] [CASE...]`.
#
# A case is cases/NAME.t, a transcript. `$ COMMAND` runs in a scratch folder of its own with nothing of this machine's home;
# what it must print follows: `| ` stdout, `! ` stderr, `? ` the exit code where it is not 0. All other lines are prose.
# `$ need ...` skips the rest of the case where it fails. --update writes what was printed instead of comparing.
# Times, classes and paths of this machine are replaced by words (see normalize).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
AUTOTUNE=${AUTOTUNE:-$root/build/autotune}
AUTOTUNE=$(cd "$(dirname "$AUTOTUNE")" && pwd)/$(basename "$AUTOTUNE")
[ -x "$AUTOTUNE" ] || { echo "$AUTOTUNE: no such program; run make first"; exit 1; }
update=no
[ "${1:-}" = --update ] && { update=yes; shift; }

# A step has so long; one that emulates samples of a template has longer.
limit_s() { # CASE
    case "$1" in gpu_*) echo $((400 * ${TUNEBOOK_TEST_SCALE:-1})) ;; *) echo $((120 * ${TUNEBOOK_TEST_SCALE:-1})) ;; esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/bin"
ln -s "$AUTOTUNE" "$work/bin/autotune"
export CASES="$here" PROJECT="$root" HELPERS="$work/bin"

# Helpers are small C programs; where there is no compiler, the cases that `need` them are skipped.
helper() { # NAME SOURCES AND LIBRARIES...
    name=$1
    shift
    (cd "$root" && ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -I. "tests/cli/helpers/$name.c" -o "$work/bin/$name" "$@") ||
        echo "the helper $name was not built"
}
helper json -lcjson
helper tamper db/descriptor_decode.c db/record_*.c db/schema_*.c db/envelope.c tuner/base/status.c tuner/base/text.c \
    tuner/base/crc32c.c tuner/base/sha256.c -llmdb

# One step's words for this machine's: the program's stdout or stderr on stdin.
normalize() {
    sed -E -e "s|$scratch|SCRATCH|g; s|$root|PROJECT|g" \
        -e 's/(x86-64(-v[0-9])?|armv8-a|generic):[0-9]+:[0-9]+/CLASS/g' \
        -e 's/\b[0-9]+(\.[0-9]+)? (ns|us|ms|s)\b/TIME/g' \
        -e 's/openblas [0-9][0-9.a-z]*( [A-Z][A-Za-z0-9_]*)?/OPENBLAS/g' \
        -e 's/[0-9a-f]{16}\.book/HASH.book/g' -e 's/makes (x86-64(-v[0-9])?|armv8-a)/makes TARGET/; s/code for (x86-64(-v[0-9])?|armv8-a)/code for TARGET/'
}

# Runs the transcript $1 and prints it as it came out.
play() {
    while IFS= read -r line; do
        case "$line" in
        '$ '*) ;;
        '| '* | '! '* | '? '* | '|' | '!') continue ;;
        *) printf '%s\n' "$line"; continue ;;
        esac
        printf '%s\n' "$line"
        command=${line#'$ '}
        (cd "$scratch" && exec env -i PATH="$work/bin:$PATH" HOME="$scratch/home" TMPDIR="$scratch/tmp" LC_ALL=C TERM=dumb \
            AUTOTUNE="$AUTOTUNE" CASES="$CASES" PROJECT="$PROJECT" HELPERS="$HELPERS" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
            TUNEBOOK_TEST_SCALE="${TUNEBOOK_TEST_SCALE:-1}" timeout -k 5 "$(limit_s "$name")" sh -c ". \"$here/functions.sh\"; $command") \
            > "$work/stdout" 2> "$work/stderr" < /dev/null
        code=$?
        case "$command" in
        'need '*) [ $code = 0 ] || { echo "skipped: $(basename "$1" .t): ${command#need }" >&3; echo skip > "$work/skip"; return; } ;;
        esac
        normalize < "$work/stdout" | sed 's/^/| /'
        normalize < "$work/stderr" | sed 's/^/! /'
        [ $code = 0 ] || echo "? $code"
        echo step >> "$work/steps"
    done < "$1"
}

passed=0 failed=0 skipped=0
if [ $# -eq 0 ]; then set -- "$here"/cases/*.t; else
    for name; do shift; set -- "$@" "$here/cases/$(basename "$name" .t).t"; done
fi
for case; do
    name=$(basename "$case" .t)
    scratch=$work/$name
    mkdir -p "$scratch/home" "$scratch/tmp"
    : > "$work/steps"
    rm -f "$work/skip"
    play "$case" 3>&1 > "$work/actual"
    steps=$(wc -l < "$work/steps")
    if [ -e "$work/skip" ]; then
        skipped=$((skipped + 1))
        head -n "$(wc -l < "$work/actual")" "$case" > "$work/expected"
    else
        cp "$case" "$work/expected"
        [ $update = yes ] && cp "$work/actual" "$case" && cp "$work/actual" "$work/expected"
    fi
    if diff -u "$work/expected" "$work/actual" > "$work/diff"; then
        passed=$((passed + steps))
    else
        failed=$((failed + 1))
        echo "FAILED: $name (expected -, printed +)"
        cat "$work/diff"
    fi
    chmod -R u+w "$scratch" 2>/dev/null
    rm -rf "$scratch"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
