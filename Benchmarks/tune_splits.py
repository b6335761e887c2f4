"""Runs `vdb tune` on judged collections, each split several times into questions to fit or train on and held-out
ones, and tells what the held-out questions gain.

usage: tune_splits.py VDB FOLDER... [--work DIR] [--seeds 5] [--model MODEL] [--ingest "OPTIONS"] [tune options …]

Each FOLDER is a collection in BEIR form (corpus.jsonl, queries.jsonl, qrels/test.tsv). The documents are encoded once
with the built-in model, or with that of --model, and other options of --ingest; each run starts from a copy of that
database. Options that are not listed here go to `vdb tune`, such as `--stages search`. A run that is done is not
repeated; one that was stopped begins again, and so does an encoding, which leaves out the documents it has.

nDCG@10 of hybrid search on held-out questions, "after" as the collection is left: the fitted settings only if the run
adopted them. A split is called better or worse if the paired randomization test of its questions has p < 0.05.

If stages were trained, a second table has nDCG@10 of exact dense search: before, and after the best stage, whether or
not its model was installed; the same of the questions that decide; and the seconds of training and of encoding."""

import argparse
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("vdb")
parser.add_argument("folders", nargs="+")
parser.add_argument("--work", default="tune-splits")
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--model")
parser.add_argument("--ingest", default="")
options, others = parser.parse_known_args()


def randomization_p(differences, draws=10000):
    generator = random.Random(0)
    differences = [d for d in differences if d]
    observed = abs(sum(differences)) - 1e-12
    if not differences:
        return 1.0
    hits = sum(
        abs(sum(d if generator.random() < 0.5 else -d for d in differences)) >= observed for _ in range(draws))
    return (1 + hits) / (1 + draws)


def remove_database(name):
    """Takes a database and the files beside it away."""
    for path in os.listdir(options.work):
        if path.startswith(f"{name}.vdb"):
            os.remove(f"{options.work}/{path}")


def run(name, folder, seed):
    base = f"{options.work}/{name}.vdb"
    # A database without this file may lack documents: its ingest was stopped.
    complete = f"{options.work}/{name}.encoded"
    if not os.path.exists(complete):
        command = [options.vdb, "ingest", f"{folder}/corpus.jsonl", "--db", base, "--quiet"]
        command += ["--model", options.model] if options.model else []
        subprocess.run(command + shlex.split(options.ingest), check=True)
        open(complete, "w").close()
    out = f"{options.work}/{name}-{seed}"
    if not os.path.exists(out + ".json"):
        shutil.rmtree(out, ignore_errors=True)
        # A fresh copy must not meet a stopped run's write-ahead log.
        remove_database(f"{name}-{seed}")
        shutil.copyfile(base, out + ".vdb")
        command = [options.vdb, "tune", "--queries", f"{folder}/queries.jsonl", "--qrels",
                   f"{folder}/qrels/test.tsv", "--db", out + ".vdb", "--out", out, "--seed", str(seed),
                   "--format", "json", "--quiet"]
        done = subprocess.run(command + others, stdout=subprocess.PIPE)
        if done.returncode not in (0, 65):
            raise SystemExit(f"{name}, seed {seed}: exit status {done.returncode}")
        with open(out + ".part", "wb") as file:
            file.write(done.stdout)
        os.replace(out + ".part", out + ".json")
        remove_database(f"{name}-{seed}")
    with open(out + ".json") as file:
        report = json.load(file)
    with open(out + "/tune/journal.json") as file:
        journal = json.load(file)
    fits = journal["search"]
    # Before: as the collection was searched at first. After: with the last fit, of the model that it has now.
    before = fits[0]["before"]
    after = fits[-1]["after"] if report["search"]["adopted"] else fits[-1]["before"]
    return report, before, after, journal["measurements"]


def trained(name, runs):
    """A line on what training alone did, in dense search."""
    cells, deciding, steps, seconds, better, worse = [], [], [], [], 0, 0
    for report, _, _, measured in runs:
        if not report["stages"]:
            cells.append("left out")
            continue
        first = measured[0]
        best = max(measured[1:], key=lambda m: statistics.mean(m.get("validation") or m["values"]))
        change = [b - a for a, b in zip(first["values"], best["values"])]
        p = randomization_p(change)
        better += p < 0.05 and sum(change) > 0
        worse += p < 0.05 and sum(change) < 0
        end = ", installed)" if report["replaced"] else ")"
        cells.append(f"{report['before']:.3f} {report['after']:.3f} (p {p:.2f}" + end)
        if first.get("validation"):
            deciding.append(f"{statistics.mean(best['validation']) - statistics.mean(first['validation']):+.3f}")
        steps.append(sum(stage["steps"] for stage in report["stages"]))
        seconds.append((sum(stage["training_seconds"] for stage in report["stages"]),
                        sum(stage["measuring_seconds"] for stage in report["stages"])))
    installed = sum(report["replaced"] for report, _, _, _ in runs)
    means = [statistics.mean(part) for part in zip(*seconds)] or [0, 0]
    return (f"| {name} | {'; '.join(cells)} | {' '.join(deciding)} | {installed} of {len(runs)} | {better}, {worse} | "
            f"{' '.join(map(str, steps))} | {means[0]:.0f}, {means[1]:.0f} |")


os.makedirs(options.work, exist_ok=True)
print("| collection | held out | before | after | gain | per split | adopted | better, worse | k1, b, weight | seconds |")
print("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- | ---: |")
gains, lines = [], []
for folder in options.folders:
    name = os.path.basename(folder.rstrip("/"))
    runs = [run(name, folder, seed) for seed in range(options.seeds)]
    means = [(statistics.mean(before), statistics.mean(after)) for _, before, after, _ in runs]
    change = [after - before for before, after in means]
    tests = [randomization_p([b - a for a, b in zip(before, after)]) for _, before, after, _ in runs]
    better = sum(p < 0.05 and gain > 0 for p, gain in zip(tests, change))
    worse = sum(p < 0.05 and gain < 0 for p, gain in zip(tests, change))
    gains.append(statistics.mean(change))
    fitted = "; ".join(
        f"{r['search']['k1']:g} {r['search']['b']:g} {r['search']['hybrid_weight']:g}"
        + ("" if r["search"]["adopted"] else " (not kept)") for r, _, _, _ in runs)
    if any(report["stages"] or report.get("left_out") for report, _, _, _ in runs):
        lines.append(trained(name, runs))
    print(f"| {name} | {len(runs[0][1])} | {statistics.mean(m[0] for m in means):.4f} | "
          f"{statistics.mean(m[1] for m in means):.4f} | {gains[-1]:+.4f} | "
          + " ".join(f"{gain:+.3f}" for gain in change)
          + f" | {sum(r['search']['adopted'] for r, _, _, _ in runs)} of {len(runs)} | {better}, {worse} | {fitted} | "
          + f"{statistics.mean(r['search']['seconds'] for r, _, _, _ in runs):.1f} |", flush=True)
print(f"\nmean of {len(gains)}: {statistics.mean(gains):+.4f}")
if lines:
    print("\n| collection | dense before, after | deciding questions | installed | better, worse | steps | seconds |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    print("\n".join(lines))
