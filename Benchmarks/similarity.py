"""Sentence similarity in the paper's order (its tables 1 and 3): one language model untrained, compressed, aligned, and
trained with InfoNCE on the same triples and for as many epochs.

usage: similarity.py VDB MODEL COMPRESSED TRIPLES.jsonl --test STS.tsv… --choose STS.tsv [--work DIR]
                     [--triples 1000] [--seeds 0 1 2] [--rates 1e-4 3e-4] [--methods NAME…] [--threads N]

MODEL is the language model's folder; COMPRESSED what `vdb train compress` made of it. TRIPLES.jsonl has one
{"query", "pos", "neg"} object a line, from which each seed draws its own --triples. Learning rates are chosen by the
first 1,000 pairs of --choose with a seed of their own (--choose-seed), so no figure of the table had a part in it; of one rate
there is nothing to choose.

Spearman's correlation x 100, the mean of the seeds and its spread. A run that is done is not repeated: the same command
resumes, with more seeds, methods or another number of triples as well."""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("vdb")
parser.add_argument("model")
parser.add_argument("compressed")
parser.add_argument("triples_file")
parser.add_argument("--test", nargs="+", required=True)
parser.add_argument("--choose", required=True)
parser.add_argument("--work", default="similarity")
parser.add_argument("--triples", type=int, default=1000)
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--choose-seed", type=int, default=100)
parser.add_argument("--rates", nargs="+", default=["1e-4", "3e-4"])
parser.add_argument("--methods", nargs="+")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--precision", default="bfloat16")
parser.add_argument("--threads", type=int, default=os.cpu_count())
options = parser.parse_args()

CONTRAST = ["contrast", "--temperature", "0.05", "--negatives", "1"]
ALIGN = ["align", "--negatives", "1"]
# Name: where it starts, and the stage with its options; without a stage, the options of `vdb eval sts`.
METHODS = {
    "untrained, last token": ("base", None, ["--pooling", "last"]),
    "untrained, mean": ("base", None, ["--pooling", "mean", "--instruction", "none"]),
    "PromptEOL": ("base", None, ["--prompt", "prompteol"]),
    "Echo": ("base", None, ["--prompt", "echo"]),
    "compression": ("compressed", None, []),
    "compression + alignment": ("compressed", ALIGN, []),
    "compression + InfoNCE": ("compressed", CONTRAST, []),
    "compression + InfoNCE, in-batch": ("compressed", CONTRAST + ["--in-batch-negatives"], []),
    "InfoNCE-L": ("base", CONTRAST + ["--pooling", "last"], []),
    "InfoNCE-L, in-batch": ("base", CONTRAST + ["--pooling", "last", "--in-batch-negatives"], []),
    "InfoNCE-M": ("base", CONTRAST + ["--pooling", "mean"], []),
    "InfoNCE-M, in-batch": ("base", CONTRAST + ["--pooling", "mean", "--in-batch-negatives"], []),
    "InfoNCE, compressed tokens, in-batch": ("base", CONTRAST + ["--in-batch-negatives"], []),
    "alignment alone": ("base", ALIGN, []),
}


def prepare():
    os.makedirs(options.work, exist_ok=True)
    with open(options.choose) as file:
        lines = file.readlines()[:1001]
    with open(f"{options.work}/choose.tsv", "w") as file:
        file.writelines(lines)


def start(name):
    return {"base": options.model, "compressed": options.compressed}[name]


def triples(seed, needs_negatives):
    """The seed's triples, or for a loss that cannot do without a negative those that have one."""
    path = f"{options.work}/triples-{options.triples}-{seed}.jsonl"
    if not os.path.exists(path):
        with open(options.triples_file) as file:
            rows = sorted(set(file))
        random.Random(seed).shuffle(rows)
        with open(path, "w") as file:
            file.writelines(rows[: options.triples])
    if not needs_negatives:
        return path
    with open(path) as file:
        rows = [line for line in file if json.loads(line).get("neg")]
    path = path.replace(".jsonl", "-with-negatives.jsonl")
    with open(path, "w") as file:
        file.writelines(rows)
    return path


def evaluate(model, files, extra):
    done = subprocess.run(
        [options.vdb, "eval", "sts", *files, "--model", model, "--format", "json", "--quiet", "--precision",
         options.precision, "--threads", str(options.threads), *extra], stdout=subprocess.PIPE, check=True)
    return {file["dataset"]: file["spearman"] for file in json.loads(done.stdout)["files"]}


def kept(name, make):
    path = f"{options.work}/{name}.json"
    if not os.path.exists(path):
        result = make()
        with open(path + ".new", "w") as file:
            json.dump(result, file)
        os.rename(path + ".new", path)
    with open(path) as file:
        return json.load(file)


def slug(name):
    return "".join(c if c.isalnum() else "-" for c in name)


def run(method, seed, rate, files):
    """Trains, measures and forgets one model."""
    origin, stage, extra = METHODS[method]
    name = f"{slug(method)}-{options.triples}-{options.epochs}-{seed}-{rate}"

    def make():
        out = f"{options.work}/{name}"
        subprocess.run(
            [options.vdb, "train", *stage, "--model", start(origin), "--data",
             triples(seed, "--in-batch-negatives" not in stage), "--out", out, "--task", "sts", "--lora-rank",
             "32", "--precision", options.precision, "--learning-rate", rate, "--epochs", str(options.epochs), "--batch-size", str(options.batch), "--seed", str(seed), "--threads",
             str(options.threads), "--save-steps", "20", "--resume", "--log", out + ".jsonl", "--quiet"], check=True)
        result = evaluate(out, files, extra)
        shutil.rmtree(out)
        return result

    return kept(name, make)


prepare()
print(f"{options.triples} triples, {options.epochs} epochs, batch {options.batch}, seeds {options.seeds}\n")
columns = None
for method in options.methods or METHODS:
    origin, stage, extra = METHODS[method]
    if stage is None:
        results = [kept(slug(method), lambda: evaluate(start(origin), options.test, extra))]
        rate = ""
    else:
        rate = options.rates[0]
        if len(options.rates) > 1:
            chosen = {rate: run(method, options.choose_seed, rate, [f"{options.work}/choose.tsv"])["choose"]
                      for rate in options.rates}
            rate = max(chosen, key=chosen.get)
        results = [run(method, seed, rate, options.test) for seed in options.seeds]
    if columns is None:
        columns = list(results[0])
        print("| method | rate | " + " | ".join(columns) + " |\n| --- | ---: |" + " ---: |" * len(columns))
    cells = []
    for column in columns:
        values = [result[column] for result in results]
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        cells.append(f"{statistics.mean(values):.1f}{spread}")
    print(f"| {method} | {rate} | " + " | ".join(cells) + " |", flush=True)
