"""How the token part of hybrid search was chosen: what matching tokens, equal or alike, add to the joined scores of the first
documents.

usage: tokens.py VDB FOLDER [--model DIR]

FOLDER has judged collections in BEIR form. For each, `vdb` makes a hybrid run without the token part; the tokens' vectors are read
from the model's folder (default: the built-in model's in this repository). Forms are compared by nDCG@10 as trec_eval has it, all
of them on all collections, then leaving one collection out. Needs numpy, safetensors, tokenizers and pytrec-eval-terrier."""

import argparse
import collections
import itertools
import json
import math
import os
import struct
import subprocess
import tempfile

import numpy
import pytrec_eval
from tokenizers import Tokenizer

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("vdb")
parser.add_argument("folder")
parser.add_argument("--model", default=os.path.join(os.path.dirname(__file__), "../../Sources/CDefaultModel/model"))
options = parser.parse_args()

tokenizer = Tokenizer.from_file(f"{options.model}/tokenizer.json")
with open(f"{options.model}/model.safetensors", "rb") as file:
    length = struct.unpack("<Q", file.read(8))[0]
    entry = json.loads(file.read(length))["model.embed_tokens.weight"]
    file.seek(8 + length + entry["data_offsets"][0])
    words = numpy.frombuffer(file.read(entry["data_offsets"][1] - entry["data_offsets"][0]), dtype=numpy.uint16)
table = (words.astype(numpy.uint32) << 16).view(numpy.float32).reshape(entry["shape"])
table = table - table.mean(0)
table /= numpy.linalg.norm(table, axis=1, keepdims=True) + 1e-9


def tokens(text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def gain(judgments, run):
    found = pytrec_eval.RelevanceEvaluator(judgments, {"ndcg_cut.10"}).evaluate(run)
    return sum(each["ndcg_cut_10"] for each in found.values()) / len(found)


FORMS = list(itertools.product((30, 50, 100), (.1, .15, .2, .25), ((1.2, .4), (.8, .4), (2, .4)), (.2, .3, .4, .5)))


def measure(folder):
    documents, queries, judgments = {}, {}, collections.defaultdict(dict)
    with open(f"{folder}/corpus.jsonl") as file:
        for line in file:
            document = json.loads(line)
            documents[document["_id"]] = tokens((document.get("title", "") + " " + document["text"]).strip()[:3000])
    with open(f"{folder}/queries.jsonl") as file:
        for line in file:
            query = json.loads(line)
            queries[query["_id"]] = tokens(query["text"])
    with open(f"{folder}/qrels/test.tsv") as file:
        for line in list(file)[1:]:
            query, document, grade = line.split("\t")
            judgments[query][document] = int(grade)
    with tempfile.TemporaryDirectory() as work:
        database = f"{work}/a.vdb"
        subprocess.run([options.vdb, "ingest", f"{folder}/corpus.jsonl", "--db", database, "--quiet"], check=True)
        lines = subprocess.run(
            [options.vdb, "query", "--queries", f"{folder}/queries.jsonl", "--db", database, "-k", "100", "--token-weight", "0",
             "--format", "trec", "--quiet"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    first = collections.defaultdict(dict)
    for line in lines:
        query, _, document, _, score, _ = line.split()
        first[query][document] = float(score)
    runs = collections.defaultdict(dict)
    for query, scores in first.items():
        if query not in judgments:
            continue
        order = sorted(scores, key=lambda document: -scores[document])
        asked = queries[query]
        alike = {document: table[asked] @ table[documents[document]].T for document in order if documents[document]}
        for depth in sorted({form[0] for form in FORMS}):
            head = order[:depth]
            holders = collections.Counter(token for document in head for token in set(documents[document]))
            rarity = numpy.array([math.log(1 + (len(head) - holders[token] + .5) / (holders[token] + .5)) for token in asked])
            mean = sum(len(documents[document]) for document in head) / len(head) or 1
            for _, threshold, (k1, b), weight in (form for form in FORMS if form[0] == depth):
                parts = {}
                for document in head:
                    if document not in alike:
                        parts[document] = 0.0
                        continue
                    frequency = numpy.clip((alike[document] - threshold) / (1 - threshold), 0, 1).sum(1)
                    limit = k1 * (1 - b + b * len(documents[document]) / mean)
                    parts[document] = float((rarity * frequency * (k1 + 1) / (frequency + limit)).sum())
                best = max(parts.values()) or 1
                runs[depth, threshold, (k1, b), weight][query] = {
                    document: score + weight * parts.get(document, 0) / best for document, score in scores.items()}
    return gain(judgments, dict(first)), {form: gain(judgments, run) for form, run in runs.items()}


names = sorted(name for name in os.listdir(options.folder) if os.path.exists(f"{options.folder}/{name}/qrels/test.tsv"))
results = {name: measure(f"{options.folder}/{name}") for name in names}


def mean(form, among):
    return sum(results[name][1][form] for name in among) / len(among)


print("without: " + ", ".join(f"{name} {results[name][0]:.4f}" for name in names))
for form in sorted(FORMS, key=lambda form: -mean(form, names))[:10]:
    print(form, f"{mean(form, names):.4f}", [round(results[name][1][form], 4) for name in names])
left_out = []
for name in names:
    form = max(FORMS, key=lambda form: mean(form, [other for other in names if other != name]))
    left_out.append(results[name][1][form])
    print(f"{name} left out: {form}, {left_out[-1]:.4f}")
print(f"mean: without {sum(result[0] for result in results.values()) / len(names):.4f}, leave one out {sum(left_out) / len(names):.4f}")
