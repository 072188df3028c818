# What transcripts may call besides autotune and ordinary programs.

# need PROGRAM...: are they here? `fakes`: the fake GPU drivers? `cuda_fakes`: those of NVRTC and cuBLASLt? `nvrtc`: NVIDIA's? `mounts`: may we mount? `schemas`: those of T4, and a python3 that validates by them?
need() {
    for program; do
        case "$program" in
        mounts) can_mount || return 1 ;;
        schemas) [ -d "$PROJECT/../shared/spaces/schemas" ] && python3 -W ignore -c 'import jsonschema' 2>/dev/null || return 1 ;;
        fakes) [ -e "$(fake_drivers cuda)/libcuda.so.1" ] && [ -e "$(fake_drivers hip)/libamdhip64.so.5" ] || return 1 ;;
        cuda_fakes) [ -e "$(fake_drivers nvrtc)/libnvrtc.so" ] && [ -e "$(fake_drivers cublaslt)/libcublasLt.so.13" ] || return 1 ;;
        nvrtc) ! autotune freeze --records="$CASES/records/by-hand.jsonl" -o nvrtc.book 2>&1 | grep -q 'no libnvrtc' || return 1 ;;
        *) command -v "$program" >/dev/null || return 1 ;;
        esac
    done
}

# The folder of a fake GPU driver.
fake_drivers() {
    echo "$(dirname "$AUTOTUNE")/tests/fakes/$1"
}

# gpubench where all of CUDA is fake: a small GPU, small peaks.
fake_gpubench() {
    LD_LIBRARY_PATH=$(fake_drivers cuda) TUNEBOOK_FAKE="${TUNEBOOK_FAKE_NAME:-}units=4;l2_bytes=1024" \
        TUNEBOOK_CUBLASLT=$(fake_drivers cublaslt)/libcublasLt.so.13 TUNEBOOK_NVRTC=$(fake_drivers nvrtc)/libnvrtc.so \
        TUNEBOOK_SLOW=20 autotune gpubench --peak-size=16 --peak-bytes=65536 --measure-ms=20 "$@"
}

# What became of an emulated sample of a template.
verdicts() {
    autotune verify --emulate --json "$@" 2> /dev/null |
        python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["template"], d["target"], d["verdicts"], d["failures"])'
}

# Ten configurations of a template on each target, fifty in a soak; a line for each target that names what is not right.
sampled() { # TEMPLATE TARGET...
    template=$1 wanted=$([ "${TUNEBOOK_TEST_SCALE:-1}" -gt 1 ] && echo 50 || echo 10)
    shift
    for target; do
        verdicts --arch="$target" --template="$template" --sample="$wanted" | sed "s/{'ok': $wanted} \\[\\]/all right/"
    done
}

# Is FILE valid by the SCHEMA of that name?
validates() { # FILE SCHEMA
    python3 -W ignore -c 'import json, jsonschema, sys
errors = list(jsonschema.Draft202012Validator(json.load(open(sys.argv[2]))).iter_errors(json.load(open(sys.argv[1]))))
print("valid" if not errors else "not valid: " + errors[0].message)' "$1" "$PROJECT/../shared/spaces/schemas/$2.json"
}

# A book with one record of one entry: the default of a template of our own, quickly compiled.
make_book() {
    autotune --templates="$CASES/templates" --budget=1 --book="$1" 'gemm f32 nn m=4 n=5 k=6' >/dev/null 2>&1
}

# A frozen book of records with times of our own, 10 ns of noise on either side.
timed_book() { # FILE SIZES:MEDIAN_NS:UNROLL...
    [ -e once.jsonl ] || { make_book once.book && autotune export --format=records once.book > once.jsonl; }
    file=$1
    shift
    head -1 once.jsonl > timed.jsonl
    for row; do
        sizes=${row%%:*} unroll=${row##*:} ns=${row#*:}
        ns=${ns%:*}
        tail -1 once.jsonl | sed -E "s/m=4 n=5 k=6/$sizes/; s/UNROLL=1,MODE=slow/UNROLL=$unroll,MODE=good/; \
            s/\"(median|q1|q3|min)_ns\":[0-9]+/\"\\1_ns\":$ns/g; s/\"low_ns\":[0-9]+/\"low_ns\":$((ns - 10))/; \
            s/\"high_ns\":[0-9]+/\"high_ns\":$((ns + 10))/; s/\"default_ns\":[0-9]+/\"default_ns\":9000/; s/\"flags\":[0-9]+/\"flags\":0/"
    done >> timed.jsonl
    autotune freeze --templates="$CASES/templates" --records=timed.jsonl -o "$file" > /dev/null 2>&1
}

# Options that `autotune COMMAND --help` lists, one a line.
options_of() {
    autotune "$1" --help | sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+).*/\2/p' | sort -u
}

commands() {
    autotune --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Runs a command with a folder of few programs as PATH.
with_only() { # PROGRAMS -- COMMAND...
    mkdir -p only
    while [ "$1" != -- ]; do
        ln -sf "$(command -v "$1")" only/
        shift
    done
    shift
    PATH=$PWD/only "$@"
}

# Runs a command in a mount namespace with a file system of SIZE at ./small; false where that is not allowed.
with_small_disk() { # SIZE COMMAND
    mkdir -p small
    unshare -m sh -c "mount -t tmpfs -o size=$1 none small && $2"
}

# The template `naive` in a folder NAME of its own, changed by a sed SCRIPT.
variant() {
    mkdir -p "$1"
    cp "$CASES/templates/naive.kernel" "$1/"
    sed "$2" "$CASES/templates/naive.json" > "$1/naive.json"
    autotune templates --templates="$1"
}

# Is it allowed to mount something here?
can_mount() {
    with_small_disk 100k true 2>/dev/null
}

# A sweep over many problems, sent SIGNAL once the first is finished; its exit code on stdout, documents in out.json, talk.
stop_after_first() { # SIGNAL
    : > talk
    autotune --templates="$CASES/templates" --budget=1 --fresh --json gemm f32 nn m=64..512+1 n=64 k=64 > out.json 2>> talk &
    until grep -q ' ok)' talk || ! kill -0 $! 2>/dev/null; do sleep 0.2; done
    kill -"$1" $!
    wait $!
    echo $?
}
