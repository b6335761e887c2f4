"""nDCG@10 of a student on the judged collections, the bigger ones thinned (for choosing only).

usage: evaluate.py RETRIEVAL CHECKPOINT|TEACHER [--full]

`vdb eval retrieval` measures what ships; this ranks checkpoints while they are made.
"""
import argparse
import json
import os
import random
import time

import numpy
import pytrec_eval
import torch
from scipy.stats import spearmanr
from tokenizers import Tokenizer

SETS = {"wikiqa-dev-test": "test", "trecqa-wang": "test", "cranfield": "test", "msmarco-dl19": "test",
        "npl": "test", "cacm": "test"}


def collection(folder, name, limit):
    """-> (documents {id: text}, queries {id: text}, qrels), at most `limit` documents."""
    read = lambda path: [json.loads(line) for line in open(os.path.join(folder, name, path), encoding="utf-8")]
    split = SETS[name] if os.path.exists(os.path.join(folder, name, "qrels", SETS[name] + ".tsv")) else None
    files = sorted(os.listdir(os.path.join(folder, name, "qrels")))
    qrels = {}
    with open(os.path.join(folder, name, "qrels", f"{split}.tsv" if split else files[0]), encoding="utf-8") as file:
        next(file)
        for line in file:
            query, document, grade = line.split("\t")
            qrels.setdefault(query, {})[document] = int(grade)
    documents = {d["_id"]: (d.get("title", "") + " " + d["text"]).strip() for d in read("corpus.jsonl")}
    if limit and len(documents) > limit:
        judged = {d for r in qrels.values() for d in r if d in documents}
        others = sorted(set(documents) - judged)
        kept = judged | set(random.Random(0).sample(others, max(0, limit - len(judged))))
        documents = {d: t for d, t in documents.items() if d in kept}
    queries = {q["_id"]: q["text"] for q in read("queries.jsonl") if q["_id"] in qrels}
    return documents, queries, qrels


def ndcg(documents, queries, qrels, encode):
    """encode(texts, is_query) -> [n, width], normalized."""
    names, asked = list(documents), list(queries)
    found = encode([queries[q] for q in asked], True) @ encode([documents[d] for d in names], False).T
    run = {q: {names[i]: float(found[row, i]) for i in numpy.argsort(-found[row])[:100]} for row, q in enumerate(asked)}
    result = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(run)
    return sum(r["ndcg_cut_10"] for r in result.values()) / len(qrels)


def similarity(path, encode):
    """Spearman's correlation of the pairs' cosines with people's scores (`sentence1 sentence2 score`)."""
    with open(path, encoding="utf-8") as file:
        next(file)
        rows = [line.rstrip("\n").split("\t") for line in file]
    left, right = (encode([r[side] for r in rows], True) for side in (0, 1))
    return float(spearmanr((left * right).sum(1), [float(r[2]) for r in rows]).statistic)


def student_encoder(student, tokenizer):
    import model
    ids = lambda text: tokenizer.encode(text + "\n", add_special_tokens=False).ids[:512]
    instructions = {True: ids(model.NEXT), False: ids(model.SELF)}

    @torch.no_grad()
    def encode(texts, is_query):
        tokens = [ids(t) for t in texts]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        out, start = numpy.zeros((len(texts), 384), numpy.float32), 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (len(tokens[order[end]]) + 24) * (end + 1 - start) <= 8192:
                end += 1
            with torch.autocast("cpu", torch.bfloat16):
                out[order[start:end]] = student([tokens[i] for i in order[start:end]], instructions[is_query]).float().numpy()
            start = end
        return out
    return encode


def evaluate(folder, encode, names=SETS, limit=6000):
    return {name: round(ndcg(*collection(folder, name, limit), encode), 4) for name in names}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("retrieval")
    arguments.add_argument("model")
    arguments.add_argument("--tokenizer")
    arguments.add_argument("--full", action="store_true")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    if os.path.isdir(options.model):
        from teach import Teacher
        teacher = Teacher(options.model)
        encode = lambda texts, is_query: teacher.encode(texts)
    else:
        from model import Student
        student = Student()
        student.load_state_dict(torch.load(options.model, weights_only=True)["model"])
        encode = student_encoder(student, Tokenizer.from_file(options.tokenizer))
    begun = time.time()
    print(json.dumps(evaluate(options.retrieval, encode, limit=None if options.full else 6000)), f"{time.time() - begun:.0f} s")


if __name__ == "__main__":
    main()
