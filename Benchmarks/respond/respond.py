"""LLM2Vec-Gen on a small scale, from questions to figures, in one command that can be stopped and run again.

    questions    --count questions of OpenQA, MedQuAD and self-instruct (../shared/data by default)
    answers      what the model answers (vdb generate --resume)
    respond      vdb train respond --resume, once for each teacher: each folder of --teacher, and the model's
                 own mean-pooled states
    figures      STS-B dev, the judged collections, and k-means of held-out MedQuAD questions by their type
                 (v-measure), for the trained models, their teachers and each folder of --beside

Every step leaves a file in WORK and is left out if that is there. The last one prints a Markdown table.

usage: respond.py WORK --vdb VDB --model DIR [--teacher DIR]… [--beside NAME=DIR]… [--data DIR] [--count 5000]
                  [--max-tokens 64] [--max-steps N] [--train OPTIONS] [--sets cranfield,npl,…] [--eval OPTIONS]
                  [--threads N]
       (numpy and scikit-learn from PyPI; tar and zstd)
"""

import argparse
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import v_measure_score

TYPES = {
    "symptoms": r"What are the symptoms of ", "causes": r"What causes ", "treatments": r"What are the treatments for ",
    "genes": r"What are the genetic changes related to ", "outlook": r"What is the outlook for ",
    "diagnosis": r"How to diagnose ", "inheritance": r"Is .* inherited\?", "frequency": r"How many people are affected by ",
}

parser = argparse.ArgumentParser()
parser.add_argument("work")
parser.add_argument("--vdb", required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--teacher", action="append", default=[])
parser.add_argument("--beside", action="append", default=[], help="NAME=DIR, another model to measure")
parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
parser.add_argument("--count", type=int, default=5000)
parser.add_argument("--max-tokens", type=int, default=64)
parser.add_argument("--max-steps", type=int)
parser.add_argument("--train", default="", help="further options of vdb train respond, in one string")
parser.add_argument("--eval", default="", help="further options of vdb eval retrieval, in one string")
parser.add_argument("--sets", default="cranfield,cacm,wikiqa-dev-test,trecqa-wang,npl")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--until", choices=("questions", "answers", "respond", "figures"), default="figures")
args = parser.parse_args()
os.makedirs(args.work, exist_ok=True)


def path(*parts):
    return os.path.join(args.work, *parts)


def vdb(*arguments, output=False):
    command = [args.vdb, *map(str, arguments), "--threads", str(args.threads)]
    print("$", " ".join(command)[:200], file=sys.stderr, flush=True)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE if output else None, text=True).stdout


def rows(name):
    text = subprocess.run(
        ["zstd", "-dc", os.path.join(args.data, name + ".jsonl.zst")], check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in text.splitlines()]


def write(name, lines):
    """Whole or not at all."""
    with open(path(name + ".part"), "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    os.rename(path(name + ".part"), path(name))


def finish(step):
    if args.until == step:
        sys.exit(0)


def kind(question):
    return next((name for name, start in TYPES.items() if re.match(start, question)), None)


# Questions to train on, and others, of conditions that are not among them, to cluster.
if not os.path.exists(path("questions.jsonl")):
    choose = random.Random(0)
    unique = lambda texts: list(dict.fromkeys(t.strip() for t in texts if t.strip()))
    medical = unique(row["query"] for row in rows("pairs/medquad"))
    named = lambda question: re.sub("|".join(TYPES.values()) + r"|inherited\?|\?", "", question).strip().lower()
    conditions = sorted({named(q) for q in medical if kind(q)})
    held = set(choose.sample(conditions, len(conditions) // 5))
    apart = [q for q in medical if kind(q) and named(q) in held]
    clusters = []
    for name in TYPES:
        of_kind = [q for q in apart if kind(q) == name]
        clusters += [dict(text=q, label=name) for q in choose.sample(of_kind, min(60, len(of_kind)))]
    write("clusters.jsonl", clusters)
    rest = [q for q in medical if named(q) not in held]
    instructions = unique(f"{r['instruction']}\n{r['context']}" for r in rows("instruct/self-instruct-seed"))
    open_domain = unique(row["query"] for row in rows("pairs/openqa-wikipedia-distant"))
    share = args.count - min(len(instructions), args.count)
    asked = choose.sample(open_domain, min(share // 2, len(open_domain)))
    asked += instructions[: args.count] + choose.sample(rest, min(share - len(asked), len(rest)))
    choose.shuffle(asked)
    write("questions.jsonl", [dict(_id=f"q{i}", text=q) for i, q in enumerate(asked)])
finish("questions")

# Answers.
count = sum(1 for _ in open(path("questions.jsonl")))
answers = path("answers.jsonl")
if not os.path.exists(answers) or sum(1 for _ in open(answers)) < count:
    vdb("generate", "--queries", path("questions.jsonl"), "--model", args.model, "--out", answers,
        "--max-tokens", args.max_tokens, "--resume")
finish("answers")

# Teachers, and what they teach.
own = path("own")
if not os.path.exists(own):
    shutil.copytree(args.model, own + ".part", dirs_exist_ok=True)
    with open(os.path.join(own + ".part", "autoregembed.json"), "w") as file:
        json.dump({"pooling": "mean", "normalize": True, "template": "{bos}{text}"}, file)
    os.rename(own + ".part", own)
teachers = {**{os.path.basename(os.path.normpath(t)): t for t in args.teacher}, "own mean": own}
models = {}
for name, folder in teachers.items():
    models["teacher: " + name] = folder
    out = path("respond-" + name.replace(" ", "-"))
    models["respond: " + name] = out
    more = shlex.split(args.train) + (["--max-steps", args.max_steps] if args.max_steps else [])
    done = os.path.exists(os.path.join(out, "projections.safetensors"))
    if not done:
        vdb("train", "respond", "--model", args.model, "--data", answers, "--out", out, "--teacher", folder,
            "--log", out + ".log.jsonl", "--save-steps", 20, "--resume", *more)
models.update(pair.split("=", 1) for pair in args.beside)
finish("respond")


def clustering(folder):
    """The v-measure of k-means, the mean of ten starts."""
    questions = [json.loads(line) for line in open(path("clusters.jsonl"))]
    text = "\n".join(q["text"] for q in questions)
    out = subprocess.run(
        [args.vdb, "embed", "-", "--model", folder, "--instruction", "next", "--threads", str(args.threads)],
        input=text, check=True, stdout=subprocess.PIPE, text=True).stdout
    vectors = np.array([json.loads(line)["embedding"] for line in out.splitlines()])
    labels = [q["label"] for q in questions]
    found = [
        v_measure_score(labels, KMeans(len(set(labels)), n_init=1, random_state=seed).fit_predict(vectors))
        for seed in range(10)]
    return float(np.mean(found))


def collection(name):
    if not os.path.exists(path("sets", name)):
        os.makedirs(path("sets"), exist_ok=True)
        subprocess.run(["tar", "--zstd", "-xf", os.path.join(args.data, "retrieval", name + ".tar.zst"), "-C",
                        path("sets")], check=True)
    return path("sets", name)


def figures(folder):
    yield "clusters", lambda: clustering(folder)
    yield "STS-B dev", lambda: json.loads(vdb(
        "eval", "sts", os.path.join(args.data, "sts/STSB-dev.tsv"), "--model", folder, "--format", "json",
        output=True))["files"][0]["spearman"] / 100
    for name in filter(None, args.sets.split(",")):
        yield name, lambda name=name: json.loads(vdb(
            "eval", "retrieval", collection(name), "--model", folder, "--exact", "--quiet", "--format", "json",
            *shlex.split(args.eval), output=True))["ndcg_cut_10"]


results = {}
if os.path.exists(path("results.json")):
    results = json.load(open(path("results.json")))
for name, folder in models.items():
    for measure, value in figures(folder):
        if measure not in results.setdefault(name, {}):
            results[name][measure] = value()
            with open(path("results.json.part"), "w") as file:
                json.dump(results, file, indent=1)
            os.rename(path("results.json.part"), path("results.json"))

measures = list(next(iter(results.values())))
print("| model | " + " | ".join(measures) + " |")
print("| --- |" + " ---: |" * len(measures))
for name, values in results.items():
    print(f"| {name} | " + " | ".join(f"{values[m]:.3f}".lstrip("0") if m in values else "" for m in measures) + " |")
