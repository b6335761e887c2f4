#!/bin/sh
# The paper's comparison on a small task: nDCG@10 on held-out queries before training and after compress,
# align and contrast; and with InfoNCE alone on the same triples for the same number of tokens.
#
# usage: tune.sh VDB TASK OUT [tune options …]      TASK is made by tune_task.py
set -eu
vdb=$1 task=$2 out=$3
shift 3
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
mkdir -p "$out"
tune() { # NAME options …
    name=$1
    shift
    [ -e "$out/$name.vdb" ] || "$vdb" ingest "$task/corpus.jsonl" --db "$out/$name.vdb" --quiet
    resume=
    [ ! -e "$out/$name/tune/journal.json" ] || resume=--resume
    "$vdb" tune --queries "$task/queries.jsonl" --qrels "$task/qrels/test.tsv" --db "$out/$name.vdb" \
        --out "$out/$name" --format json --force $resume "$@" >"$out/$name.json"
}
tune recipe "$@"
# The number of epochs of contrast alone that comes nearest to the recipe's tokens.
epochs=$(python3 - "$out/recipe.json" <<'EOF'
import json, sys
stages = json.load(open(sys.argv[1]))["stages"]
contrast = next(s for s in stages if s["stage"] == "contrast")
per_epoch = contrast["tokens"] / contrast["steps"] * -(-contrast["rows"] // contrast["batch_size"])
print(max(1, round(sum(s["tokens"] for s in stages) / per_epoch)))
EOF
)
tune contrast "$@" --stages contrast --epochs "$epochs"
python3 - "$out" <<'EOF'
import json, sys
recipe, alone = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("recipe", "contrast"))
print("| model | nDCG@10 | tokens | seconds |\n| --- | ---: | ---: | ---: |")
print(f"| before | {recipe['before']:.4f} | | |")
for run, label in ((recipe, "after "), (alone, "InfoNCE alone, ")):
    for s in run["stages"]:
        print(f"| {label}{s['stage']} | {s['ndcg_cut_10']:.4f} | {s['tokens']:,} | "
              f"{s['training_seconds']:.0f} |")
    print(f"<!-- better {run['test']['better']}, equal {run['test']['equal']}, worse "
          f"{run['test']['worse']}, p {run['test']['p']:.4f} -->")
EOF
