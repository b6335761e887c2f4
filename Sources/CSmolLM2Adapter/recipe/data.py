"""Makes the training data of the adapter from pairs of others, beside this folder's README.

usage: data.py PAIRS OUT        PAIRS has NAME.jsonl.zst files of {"query", "pos"[, "neg"]} (zstd's program is needed)

    OUT/nli.jsonl          1,000 triples of SNLI, for the first contrastive run
    OUT/corpus.jsonl       the passages to mine in, at most 90 words each
    OUT/queries.jsonl, OUT/qrels.tsv    the questions and their passages, for `vdb mine`

and, after `vdb mine … --out OUT/mined.jsonl`, with --mined: OUT/pairs.jsonl, for the second run."""

import json
import os
import random
import subprocess
import sys

pairs, out = sys.argv[1:3]
os.makedirs(out, exist_ok=True)


def rows(name):
    lines = subprocess.Popen(["zstd", "-dc", f"{pairs}/{name}.jsonl.zst"], stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in lines]


def first(value):
    return value[0] if isinstance(value, list) else value


def write(name, objects):
    with open(f"{out}/{name}", "w") as file:
        file.writelines(json.dumps(object) + "\n" for object in objects)


def triples():
    generator = random.Random(11)
    nli = [row for row in rows("snli-dev-test") if row.get("neg")]
    generator.shuffle(nli)
    return nli, generator


def corpus():
    generator = random.Random(7)
    passages, judged, answers = {}, [], set()

    def passage(text):
        return passages.setdefault(" ".join(text.split()[:90]), f"d{len(passages)}")

    def take(name, count, of=None, is_good=lambda row: True):
        """Trains on `count` rows of a set; the passages of `of` rows are in the corpus."""
        good = [row for row in rows(name) if is_good(row)]
        generator.shuffle(good)
        for row in good[:count]:
            judged.append((name, first(row["query"]), passage(first(row["pos"]))))
        for row in good[: of or count]:
            negatives = row.get("neg") or []
            for text in [first(row["pos"])] + ([negatives] if isinstance(negatives, str) else negatives):
                passage(text)

    def is_new_answer(row):
        words = first(row["pos"]).split()
        key = " ".join(words[:30])
        if len(words) < 20 or key in answers:
            return False
        answers.add(key)
        return True

    take("openqa-wikipedia-distant", 3200, of=10**6)
    take("medquad", 900, of=3000, is_good=is_new_answer)
    take("pubmedqa", 400)
    take("xquad-en", 500, of=1187)
    take(
        "wikipedia-title-section", 1000, of=30000,
        is_good=lambda row: len(first(row["pos"]).split()) >= 40 and ":" in row["query"])
    generator.shuffle(judged)
    write("corpus.jsonl", [{"id": identifier, "text": text} for text, identifier in passages.items()])
    write("queries.jsonl", [{"_id": f"{name}-{i}", "text": query} for i, (name, query, _) in enumerate(judged)])
    with open(f"{out}/qrels.tsv", "w") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        file.writelines(f"{name}-{i}\t{document}\t1\n" for i, (name, _, document) in enumerate(judged))


def mined():
    """2,300 mined rows, each with one of its negatives, and 400 triples with the passages' instruction on both sides."""
    nli, generator = triples()
    with open(f"{out}/mined.jsonl") as file:
        found = [row for row in map(json.loads, file) if row["neg"]]
    picked = [
        {"query": row["query"], "pos": [first(row["pos"])], "neg": [generator.choice(row["neg"])]} for row in found
    ]
    generator.shuffle(picked)
    prompt = "Use one word to represent the passage in a retrieval task. The word is: “"
    picked = picked[:2300] + [
        {"query": row["query"], "pos": [row["pos"]], "neg": [row["neg"]], "prompt": prompt} for row in nli[1000:1400]
    ]
    generator.shuffle(picked)
    write("pairs.jsonl", picked)


if "--mined" in sys.argv:
    mined()
else:
    write("nli.jsonl", triples()[0][:1000])
    corpus()
