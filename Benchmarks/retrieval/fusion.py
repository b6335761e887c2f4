"""Compares ways of joining a ranking by words with one by vectors, on judged collections.

usage: fusion.py VDB FOLDER [--work DIR] [--databases DIR]

FOLDER holds collections in BEIR form (corpus.jsonl, queries.jsonl, qrels/test.tsv). VDB ranks each once
by words and once by vectors (`vdb eval retrieval --run`), of another model than the built-in one if DIR has
NAME.vdb with its vectors; collections without are left out then. The rankings are joined here. For each way, the
weight of the vectors is chosen on all collections but one and judged on that one (leave one out).
nDCG@10 as trec_eval has it: linear gain, over all judged queries, ties by identifier as vdb breaks them."""

import argparse
import math
import os
import subprocess

WEIGHTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2, 3]


def read_run(path):
    run = {}
    for line in open(path):
        query, _, document, _, score, _ = line.split()
        run.setdefault(query, []).append((document, float(score)))
    return run


def read_judgments(path):
    judgments = {}
    for line in open(path).read().splitlines()[1:]:
        query, document, grade = line.split("\t")
        judgments.setdefault(query, {})[document] = int(grade)
    return judgments


def ndcg(ranking, grades):
    def gain(values):
        return sum(max(0, value) / math.log2(i + 2) for i, value in enumerate(values[:10]))

    ideal = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(document, 0) for document in ranking]) / ideal if ideal else 0


def ranks(hits):
    return {document: 1 / (61 + i) for i, (document, _) in enumerate(hits)}


def divided_by_best(hits):
    best = hits[0][1] if hits else 1
    return {document: max(0, score / best) for document, score in hits} if best > 0 else min_max(hits)


def min_max(hits):
    if not hits:
        return {}
    best, span = hits[0][1], hits[0][1] - hits[-1][1]
    return {document: 1 - (best - score) / span if span else 1 for document, score in hits}


def standardized(hits):
    """Distance from the mean in standard deviations, moved so that the last of the list has 0."""
    if not hits:
        return {}
    mean = sum(score for _, score in hits) / len(hits)
    deviation = math.sqrt(sum((score - mean) ** 2 for _, score in hits) / len(hits)) or 1
    return {document: (score - hits[-1][1]) / deviation for document, score in hits}


def measure(collection, scale, weight, depth):
    words, vectors, judgments = collection
    total = 0
    for query, grades in judgments.items():
        sums = {}
        for hits, factor in ((words.get(query, []), 1), (vectors.get(query, []), weight)):
            for document, part in scale(hits[:depth]).items():
                sums[document] = sums.get(document, 0) + factor * part
        total += ndcg(sorted(sums, key=lambda document: (-sums[document], document)), grades)
    return total / len(judgments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vdb")
    parser.add_argument("folder")
    parser.add_argument("--work", default="fusion-runs")
    parser.add_argument("--databases")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    collections = {}
    for name in sorted(os.listdir(arguments.folder)):
        folder = os.path.join(arguments.folder, name)
        if not os.path.exists(os.path.join(folder, "qrels", "test.tsv")):
            continue
        database = []
        if arguments.databases:
            database = ["--db", os.path.join(arguments.databases, f"{name}.vdb")]
            if not os.path.exists(database[1]):
                continue
        runs = []
        for mode in ("lexical", "dense"):
            path = os.path.join(arguments.work, f"{name}.{mode}.run")
            if not os.path.exists(path):
                subprocess.run(
                    [arguments.vdb, "eval", "retrieval", folder, "--mode", mode, "--run", path, "-q", *database],
                    check=True, stdout=subprocess.DEVNULL)
            runs.append(read_run(path))
        collections[name] = (*runs, read_judgments(os.path.join(folder, "qrels", "test.tsv")))
    names = list(collections)
    print("| | " + " | ".join(["leave one out", "weights", "best weight", "mean"] + names) + " |")
    for label, depth, weight in (("words alone", 100, 0), ("vectors alone", 100, 1e9)):
        row = [measure(collections[name], divided_by_best, weight, depth) for name in names]
        print(f"| {label} | | | | {sum(row) / len(row):.4f} | " + " | ".join(f"{x:.4f}" for x in row) + " |")
    for scale in (ranks, divided_by_best, min_max, standardized):
        for depth in (100, 1000):
            table = {w: [measure(collections[n], scale, w, depth) for n in names] for w in WEIGHTS}
            chosen = [
                max(WEIGHTS, key=lambda w: sum(table[w]) - table[w][left]) for left in range(len(names))
            ]
            judged = sum(table[w][left] for left, w in enumerate(chosen)) / len(names)
            best = max(WEIGHTS, key=lambda w: sum(table[w]))
            print(
                f"| {scale.__name__.replace('_', ' ')}, first {depth} | {judged:.4f} | "
                f"{min(chosen)} to {max(chosen)} | {best} | {sum(table[best]) / len(names):.4f} | "
                + " | ".join(f"{x:.4f}" for x in table[best]) + " |")
            if depth == 100:
                means = " ".join(f"{w}: {sum(table[w]) / len(names):.4f}" for w in WEIGHTS)
                print(f"<!-- {scale.__name__} by weight: {means} -->")


if __name__ == "__main__":
    main()
