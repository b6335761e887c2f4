"""vdb eval with a BERT encoder beside sentence-transformers and trec_eval, set by set.

For each BEIR folder sentence-transformers encodes titles and texts and the judged queries, every document
is ranked by the inner product, and trec_eval (pytrec-eval-terrier) measures the run; vdb eval retrieval
--exact does the same by itself. For each file of sentence pairs (.tsv) it is Spearman's correlation of
cosines and scores. Prints both figures and the difference; exits 1 if one is off by .0005 or more.

usage: encoder_eval.py VDB MODEL BEIR_FOLDER|PAIRS.tsv…
       (torch, sentence-transformers, pytrec-eval-terrier and scipy from PyPI)
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytrec_eval
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer

vdb, folder, *sets = sys.argv[1:]
model = SentenceTransformer(folder, device="cpu")
bad = 0


def encode(texts):
    return model.encode(texts, batch_size=32, show_progress_bar=False)


def ours(*arguments):
    out = subprocess.run([vdb, "eval", *arguments, "--model", folder, "--format", "json"], capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return json.loads(out.stdout)


def compare(name, measure, found, expected):
    global bad
    off = abs(found - expected)
    bad += int(off >= 0.0005)
    print(f"{name:20} {measure:12} vdb {found:.5f}   reference {expected:.5f}   off by {off:.5f}", flush=True)


def lines(path):
    return [json.loads(line) for line in open(path)]


def retrieval(path):
    qrels = {}
    for line in open(os.path.join(path, "qrels/test.tsv")):
        query, document, grade = line.rstrip("\n").split("\t")
        if grade.lstrip("-").isdigit():
            qrels.setdefault(query, {})[document] = int(grade)
    corpus = lines(os.path.join(path, "corpus.jsonl"))
    queries = [q for q in lines(os.path.join(path, "queries.jsonl")) if q["_id"] in qrels]
    documents = encode([(d.get("title", "") + " " + d["text"]).strip() for d in corpus])
    ids = [d["_id"] for d in corpus]
    run = {}
    for query, vector in zip(queries, encode([q["text"] for q in queries])):
        scores = documents @ vector
        top = np.argsort(-scores)[:1000]
        run[query["_id"]] = {ids[i]: float(scores[i]) for i in top}
    measures = {"ndcg_cut_10": "ndcg_cut.10", "recall_100": "recall.100", "map": "map"}
    result = pytrec_eval.RelevanceEvaluator(qrels, set(measures.values())).evaluate(run)
    found = ours("retrieval", path, "--exact", "--quiet")
    for measure in measures:
        mean = sum(values[measure] for values in result.values()) / len(qrels)
        compare(os.path.basename(path), measure, found[measure], mean)


def pairs(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path)][1:]
    first, second = encode([r[0] for r in rows]), encode([r[1] for r in rows])
    cosines = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    expected = spearmanr(cosines, [float(r[2]) for r in rows]).statistic
    found = ours("sts", path)["files"][0]["spearman"] / 100
    compare(os.path.basename(path), "spearman", found, expected)


for path in sets:
    (pairs if path.endswith(".tsv") else retrieval)(path.rstrip("/"))
sys.exit(1 if bad else 0)
