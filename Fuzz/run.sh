#!/bin/sh
# Runs fuzz targets one after another: Fuzz/run.sh PROGRAM SECONDS [TARGET…]
# What libFuzzer evolves stays in .build/fuzz/corpus (or $VDB_FUZZ_WORK), what it finds in
# .build/fuzz/found. Ends with 1 where something was found. On a machine that does much else, give
# inputs longer: VDB_FUZZ_TIMEOUT=120.
set -u
program=$1
seconds=$2
shift 2
here=$(dirname "$0")
work=${VDB_FUZZ_WORK:-$here/../.build/fuzz}
seeds=$here/../Tests/FuzzTests/Corpus
[ $# -gt 0 ] || set -- $(ls "$seeds")
# Readers want files; these are kept in memory, where nothing waits for a disk.
if [ -w /dev/shm ]; then TMPDIR=$(mktemp -d /dev/shm/vdb-fuzz-XXXXXX); else TMPDIR=$(mktemp -d); fi
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
# A backtrace of Swift's own would catch the signal before libFuzzer does.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=32
status=0
for target; do
    [ -d "$seeds/$target" ] || { echo "no target $target; there are: $(ls "$seeds" | tr '\n' ' ')" >&2; exit 64; }
    mkdir -p "$work/corpus/$target" "$work/found/$target"
    dictionary=
    [ ! -f "$here/Dictionaries/$target.dict" ] || dictionary="-dict=$here/Dictionaries/$target.dict"
    log=$work/$target.log
    # Memory and time by the input's size: 64 KiB of input get 10 seconds, 256 MB at once, and 2 GB in
    # all, of which the address sanitizer takes most. That bounds leaks, too: see README.md.
    if VDB_FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -max_len=65536 -timeout="${VDB_FUZZ_TIMEOUT:-10}" \
        -malloc_limit_mb=256 -rss_limit_mb=2048 -detect_leaks=0 -print_final_stats=1 \
        -artifact_prefix="$work/found/$target/" $dictionary \
        "$work/corpus/$target" "$seeds/$target" >"$log" 2>&1
    then
        result=sound
    else
        result="FAILED (see $log and $work/found/$target)"
        status=1
    fi
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$target: ${count:-?} inputs in $seconds s: $result"
done
exit $status
