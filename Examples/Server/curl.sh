#!/bin/sh
# Stores documents in a running `vdb serve` and searches them, with curl alone.
# usage: Examples/Server/curl.sh [http://127.0.0.1:7373]
set -eu
server=${1:-http://127.0.0.1:7373}
here=$(cd "$(dirname "$0")" && pwd)
collection=$server/v1/collections/almanac
json='Content-Type: application/json'
# -f ends the script at an answer that is an error, and shows it.
call() { curl --fail-with-body -sS "$@" && echo; }

# Many documents: one a line. The last line of the answer is the summary.
call "$collection/documents" -H 'Content-Type: application/x-ndjson' \
    --data-binary "@$here/../almanac.jsonl"

# One document, stored under its id.
call -X PUT "$collection/documents/notes%2Fapples" -H "$json" \
    -d '{"title": "Apples", "text": "Bramleys keep until spring.", "metadata": {"topic": "kitchen"}}'

call "$collection/query" -H "$json" \
    -d '{"query": "how long does fruit keep?", "k": 2, "where": "topic = '"'kitchen'"'"}'
call "$collection/count" -H "$json" -d '{"where": "topic = '"'kitchen'"'"}'
call -X DELETE "$collection/documents/notes%2Fapples"
