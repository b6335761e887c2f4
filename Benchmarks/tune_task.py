"""Makes a small retrieval task from question-and-passage pairs, in the form that `vdb tune` reads.

usage: tune_task.py PAIRS.jsonl OUT [--documents 1500] [--queries 600] [--words 64] [--seed 0]

PAIRS.jsonl has one {"query", "pos"} object a line; pos is a text or a list of texts. Each distinct passage, cut to
its first words, becomes a document; each drawn question is judged by the passages that it came with.

OUT/corpus.jsonl, OUT/queries.jsonl, OUT/qrels/test.tsv     a BEIR folder
"""
import argparse
import collections
import json
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("pairs")
parser.add_argument("out")
parser.add_argument("--documents", type=int, default=1500)
parser.add_argument("--queries", type=int, default=600)
parser.add_argument("--words", type=int, default=64)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()

passages = collections.defaultdict(list)
with open(options.pairs) as file:
    for line in file:
        row = json.loads(line)
        texts = [row["pos"]] if isinstance(row["pos"], str) else row["pos"]
        for text in texts:
            text = " ".join(text.split()[: options.words])
            if text and text not in passages[row["query"]]:
                passages[row["query"]].append(text)

# Questions that many sources answer are about everything and nothing.
questions = sorted(q for q, texts in passages.items() if 1 <= len(texts) <= 3)
random.Random(options.seed).shuffle(questions)

ids, corpus, judged = {}, [], []
for question in questions:
    texts = passages[question]
    if len(corpus) + len(texts) > options.documents:
        break
    for text in texts:
        if text not in ids:
            ids[text] = f"d{len(ids)}"
            corpus.append({"_id": ids[text], "text": text})
    if len(judged) < options.queries:
        judged.append((question, texts))

os.makedirs(os.path.join(options.out, "qrels"), exist_ok=True)
with open(os.path.join(options.out, "corpus.jsonl"), "w") as file:
    file.writelines(json.dumps(document) + "\n" for document in corpus)
with open(os.path.join(options.out, "queries.jsonl"), "w") as file:
    for number, (question, _) in enumerate(judged):
        file.write(json.dumps({"_id": f"q{number}", "text": question}) + "\n")
with open(os.path.join(options.out, "qrels", "test.tsv"), "w") as file:
    file.write("query-id\tcorpus-id\tscore\n")
    for number, (_, texts) in enumerate(judged):
        file.writelines(f"q{number}\t{ids[text]}\t1\n" for text in texts)
print(f"{len(corpus)} documents, {len(judged)} judged queries in {options.out}")
