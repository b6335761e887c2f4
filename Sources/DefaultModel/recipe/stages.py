"""AutoRegEmbed's stages with the product's own trainer, each measured: the table of the model card.

usage: stages.py VDB START OUT --judged DATA [--settings FILE] [--preset trial] [--threads N] [--miner FOLDER]
                 [--pairs PAIRS.jsonl --vectors VECTORS] [--only NAME]

START is a model folder (the built-in model's, or one with config.json and tokenizer.json alone to begin
from random weights); OUT is where stage_data.py wrote its files. Each stage of the preset (settings.json)
reads the folder of the one before it and writes OUT/NAME. After it come nDCG@10 of dense search on the judged
sets of DATA/retrieval, STS of DATA/sts and, after pre-training, the language model's loss on text
that it has not seen. All of it goes to OUT/results.jsonl; the table is printed and written as OUT/table.md.

Started again, it goes on: a stage whose folder is complete is not run again, one that was cut
short resumes at its last saved step (`--save-steps`), what was measured is not measured again.
Negatives for alignment are mined by `--miner` (by default START): while the stages' own model is young, a better
one finds better negatives. A preset with a "distilled" stage needs what texts.py and teach.py made.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    def __init__(self, options):
        self.options = options
        with open(options.settings, encoding="utf-8") as file:
            self.preset = json.load(file)[options.preset]
        self.results = {}
        self.log = os.path.join(options.out, "results.jsonl")
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8") as file:
                for line in file:
                    row = json.loads(line)
                    self.results.setdefault(row["name"], {}).update(row)

    def path(self, *parts):
        return os.path.join(self.options.out, *parts)

    def note(self, name, **values):
        self.results.setdefault(name, {"name": name}).update(values)
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, **values}) + "\n")
        print(name, json.dumps(values), flush=True)

    def vdb(self, *arguments, out=None):
        command = [self.options.vdb, *map(str, arguments), "--quiet", "--threads", str(self.options.threads)]
        environment = dict(os.environ, XDG_CACHE_HOME=self.path("cache"))
        return subprocess.run(command, check=True, stdout=out or subprocess.PIPE, text=True, env=environment).stdout

    def folder(self, name):
        return self.options.start if name == "start" else self.path(name)

    def train(self, stage):
        name, began = stage["name"], time.time()
        out, log = self.path(name), self.path(name + ".log.jsonl")
        if "seconds" in self.results.get(name, {}):
            return
        if stage.get("script"):
            flags = [str(x) for option, value in stage["options"].items() for x in ("--" + option, value)]
            subprocess.run([sys.executable, os.path.join(HERE, stage["script"]), self.options.pairs, self.options.vectors,
                            self.folder(stage["from"]), out, *flags], check=True)
            return
        flags = ["--seed", self.preset["seed"], "--precision", "float32", "--log", log]
        for option, value in stage["options"].items():
            for one in value if isinstance(value, list) else [value]:
                flags += ["--" + option] if one is True else ["--" + option, one]
        if os.path.isdir(out):
            flags.append("--resume")
        self.vdb("train", stage["stage"], "--model", self.folder(stage["from"]), "--data", self.path(stage["data"]),
                 "--out", out, *flags)
        settings = os.path.join(self.folder(stage["from"]), "autoregembed.json")
        if stage["stage"] == "pretrain" and os.path.exists(settings):
            # Pre-training makes a language model; how it embeds is still as it was.
            shutil.copyfile(settings, os.path.join(out, "autoregembed.json"))
        with open(log, encoding="utf-8") as file:
            steps = [json.loads(line) for line in file]
        steps = [s for s in steps if "loss" in s]
        tail = steps[-max(1, len(steps) // 10):]
        self.note(name, steps=len(steps), tokens=sum(s.get("tokens", 0) for s in steps),
                  loss_first=round(steps[0]["loss"], 4), loss_last_tenth=round(sum(s["loss"] for s in tail) / len(tail), 4),
                  seconds=round(time.time() - began))

    def language_loss(self, name):
        """Nats a token on held-out text: the loss of a first step that changes nothing."""
        if "held_out_loss" in self.results.get(name, {}):
            return
        out, log = self.path("scratch"), self.path("scratch.jsonl")
        shutil.rmtree(out, ignore_errors=True)
        if os.path.exists(log):
            os.remove(log)
        self.vdb("train", "pretrain", "--model", self.folder(name), "--data", self.path("held-out.jsonl"), "--out", out,
                 "--max-steps", 1, "--batch-size", 512, "--micro-batch-size", 16, "--max-length", 128,
                 "--learning-rate", 0, "--no-shuffle", "--precision", "float32", "--log", log)
        with open(log, encoding="utf-8") as file:
            first = json.loads(file.readline())
        shutil.rmtree(out, ignore_errors=True)
        self.note(name, held_out_loss=round(first["loss"], 4), held_out_tokens=first["tokens"])

    def measure(self, name):
        known = self.results.get(name, {})
        for judged in self.preset["judged"]:
            if judged not in known:
                found = json.loads(self.vdb("eval", "retrieval", os.path.join(self.options.judged, "retrieval", judged),
                                            "--model", self.folder(name), "--exact", "--format", "json"))
                self.note(name, **{judged: round(found["ndcg_cut_10"], 4)})
        for path in ("STSB-dev", "SICKR-dev"):
            if path not in known:
                found = json.loads(self.vdb("eval", "sts", os.path.join(self.options.judged, "sts", path + ".tsv"),
                                            "--model", self.folder(name), "--format", "json"))
                self.note(name, **{path: round(found["mean"], 1)})

    def mine(self, miner, out):
        """Triples from the database of the passages that `stage_data.py` chose."""
        if os.path.exists(self.path(out)):
            return
        database = self.path("mine", out + ".vdb")
        self.vdb("ingest", self.path("mine", "corpus.jsonl"), "--db", database, "--model", miner)
        self.vdb("mine", "--db", database, "--model", miner, "--queries", self.path("mine", "queries.jsonl"),
                 "--qrels", self.path("mine", "qrels.tsv"), "--from-rank", 30, "--to-rank", 210, "--negatives", 7,
                 "--seed", self.preset["seed"], "--out", self.path(out + ".part"))
        os.rename(self.path(out + ".part"), self.path(out))

    def join(self, out, parts):
        """One file of all rows; the trainer shuffles them."""
        if os.path.exists(self.path(out)):
            return
        with open(self.path(out + ".part"), "w", encoding="utf-8") as file:
            for part in parts:
                with open(self.path(part), encoding="utf-8") as other:
                    shutil.copyfileobj(other, file)
        os.rename(self.path(out + ".part"), self.path(out))

    def table(self):
        judged = self.preset["judged"]
        rows = [["start", "—"]] + [[s["name"], s.get("stage", "distil")] for s in self.preset["stages"]]
        lines = ["| model | " + " | ".join(judged) + " | mean | STS-B dev | SICK-R dev | steps | training loss |",
                 "| --- |" + " ---: |" * (len(judged) + 5)]
        for name, _ in rows:
            r = self.results.get(name, {})
            if not all(j in r for j in judged):
                continue
            mean = sum(r[j] for j in judged) / len(judged)
            loss = f"{r['loss_first']:.2f} to {r['loss_last_tenth']:.2f}" if "loss_first" in r else ""
            cells = [f"{r[j]:.3f}" for j in judged] + [f"{mean:.3f}", r.get("STSB-dev", ""), r.get("SICKR-dev", ""),
                                                       r.get("steps", ""), loss]
            lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
        text = "\n".join(lines) + "\n"
        with open(self.path("table.md"), "w", encoding="utf-8") as file:
            file.write(text)
        print(text)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("vdb")
    arguments.add_argument("start")
    arguments.add_argument("out")
    arguments.add_argument("--judged", required=True)
    arguments.add_argument("--settings", default=os.path.join(HERE, "settings.json"))
    arguments.add_argument("--preset", default="trial")
    arguments.add_argument("--threads", type=int, default=os.cpu_count())
    arguments.add_argument("--miner")
    arguments.add_argument("--pairs")
    arguments.add_argument("--vectors")
    arguments.add_argument("--only", help="stop after this stage")
    options = arguments.parse_args()
    run = Run(options)
    run.measure("start")
    run.language_loss("start")
    for stage in run.preset["stages"]:
        if stage.get("data") == "triples.jsonl":
            run.mine(options.miner or options.start, "triples.jsonl")
        if stage.get("data") == "contrast.jsonl":
            run.mine(options.miner or options.start, "triples.jsonl")
            run.join("contrast.jsonl", ["triples.jsonl", "pairs.jsonl"])
        run.train(stage)
        if stage.get("stage") == "pretrain":
            run.language_loss(stage["name"])
        run.measure(stage["name"])
        run.table()
        if options.only == stage["name"]:
            break


if __name__ == "__main__":
    main()
