"""Golden numbers of trec_eval and scipy for the tests (PyPI pytrec-eval-terrier, scipy, numpy).

usage: make_fixtures.py > goldens.json

Runs: small ones with many ties, scores that differ only beyond 32 bits, graded and negative
judgments, queries that are judged and not answered, answered and not judged, without a relevant
document, more than 100 and fewer than 10 hits.
"""
import json
import random
import struct
import sys

import numpy
import pytrec_eval
import scipy.stats

random.seed(20)
KEYS = ["ndcg_cut_10", "recip_rank_10", "recall_100", "recall_1000", "map", "P_10"]
float32 = lambda x: struct.unpack("f", struct.pack("f", x))[0]


def goldens(qrels, run):
    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.100,1000", "map", "P.10"}).evaluate(run)
    top = {q: dict(sorted(d.items(), key=lambda x: (float32(x[1]), x[0].encode()), reverse=True)[:10]) for q, d in run.items()}
    first = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(top)
    for query, values in found.items():
        values["recip_rank_10"] = first[query]["recip_rank"]
    return {q: [found.get(q, {}).get(k, 0.0) for k in KEYS] for q in sorted(qrels)}


def case(queries, documents, hits, grades, scores, skip=0):
    qrels, run = {}, {}
    name = lambda d: random.choice(["d%d", "D-%d", "\u00e9%d", "%d"]) % d if documents < 40 else f"d{d}"
    names = [name(d) for d in range(documents)]
    for q in range(queries):
        qrels[f"q{q}"] = {d: random.choice(grades) for d in random.sample(names, random.randint(1, min(documents, 12)))}
        if not (skip and q % skip == 1):
            run[f"q{q}"] = {d: random.choice(scores) for d in random.sample(names, min(documents, hits))}
    run["unjudged"] = {names[0]: 1.0}
    return {"qrels": qrels, "run": run, "values": goldens(qrels, run)}


CASES = {
    "ties": case(6, 30, 25, [0, 1], [1.0, 2.0, 3.0]),
    "graded and negative": case(6, 30, 20, [-2, -1, 0, 1, 2, 3], [x / 7 for x in range(40)]),
    "beyond 32 bits": case(4, 20, 20, [0, 1, 2], [0.1 + x * 1e-10 for x in range(5)] + [1e-46, 0.0, -0.0]),
    "missing queries": case(8, 15, 8, [0, 1], [x / 3 for x in range(9)], skip=3),
    "nothing relevant": case(3, 10, 9, [-1, 0], [1.0, 2.0]),
    "few hits": case(5, 12, 3, [1, 2], [5.0, 4.0]),
    "many hits": case(1, 150, 140, [0, 1], [x / 3 for x in range(50)]),
    "extreme scores": case(3, 12, 12, [0, 1, 3], [1e38, -1e38, 1e300, -1e300, 0.0, 1e-300, 5.0]),
}


def pairs(n, spread, shift):
    first = [round(random.random(), 3) for _ in range(n)]
    return first, [round(min(1, max(0, x + random.gauss(shift, spread))), 3) for x in first]


tests = []
for n, spread, shift in [(2, 0.3, 0.1), (7, 0.2, 0.05), (12, 0.1, 0.08), (40, 0.05, 0.01), (300, 0.1, 0.02), (300, 0.1, 0.1)]:
    first, second = pairs(n, spread, shift)
    t = scipy.stats.ttest_rel(second, first)
    row = {"first": first, "second": second, "t": t.statistic, "p": t.pvalue}
    if n <= 12:
        row["exact"] = scipy.stats.permutation_test(
            (numpy.array(second) - numpy.array(first),), numpy.sum, permutation_type="samples",
            n_resamples=numpy.inf, alternative="two-sided").pvalue
    tests.append(row)

correlations = []
for values in [range(5), [0, 1, 1, 2], [0.5, 0.25, 0.125]]:
    for n in (2, 3, 20, 101):
        first, second = [float(random.choice(list(values))) for _ in range(n)], [random.choice([random.random(), 0.5]) for _ in range(n)]
        value = scipy.stats.spearmanr(first, second).statistic if len(set(first)) > 1 and len(set(second)) > 1 else None
        correlations.append({"first": first, "second": second, "value": value})

json.dump({"keys": KEYS, "cases": CASES, "tests": tests, "correlations": correlations}, sys.stdout, ensure_ascii=False, separators=(",", ":"))
