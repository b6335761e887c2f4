#!/bin/sh
# Ingests the sample almanac and this project's own documentation, and asks a few questions.
# usage: Examples/demo.sh path/to/vdb
set -eu
vdb=${1:-vdb}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
VDB_DB="$folder/demo.vdb"
export VDB_DB

show() {
    printf '\n$ vdb'
    for word in "$@"; do
        case "$word" in
        *[!A-Za-z0-9_./=-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$vdb" "$@"
}

cd "$here/.."
show ingest Examples/almanac.jsonl
show ingest README.md schema/README.md Sources/DefaultModel/MODEL_CARD.md
show query "my muscles hurt two days after running" -k 3
show query "why do onions make your eyes water" -k 3 --where "topic = 'kitchen'"
show query "how do sailors know which lighthouse they see" -k 3 --mode dense
show query "what happens to the index when the process is killed" -k 3
show stats
printf '\nThe database was temporary. Make your own:  %s ingest FOLDER\n' "$vdb"
