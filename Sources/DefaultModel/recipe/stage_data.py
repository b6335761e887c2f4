"""The files that the stages of stages.py train on, drawn by a preset of settings.json.

usage: stage_data.py DATA OUT [--settings FILE] [--preset trial]

OUT/text.jsonl                    running text, of each file of `text/` its share
OUT/held-out.jsonl                text that is not in it, for the language model's loss
OUT/compress.jsonl                {context, instruction, output}; documents to themselves; query to passage
OUT/mine/{corpus,queries}.jsonl, OUT/mine/qrels.tsv     questions to find hard negatives for
OUT/pairs.jsonl                   {query, pos, neg} for the contrastive stage

Only sets whose licences allow commercial use are read: `texts.ALLOWED`, Wikinews, and of the T0
tasks those whose sources are in `T0_TASKS`. A file that is there already is left as it is.
"""
import argparse
import json
import os
import random
import subprocess

from texts import ALLOWED, TEXT

HERE = os.path.dirname(os.path.abspath(__file__))

# Beginnings of template names: AdversarialQA and WikiBio (CC BY-SA), Quoref, ROPES, QuaRTz and
# CosmosQA (CC BY), DuoRC (MIT).
T0_TASKS = ("adversarial_qa", "quoref", "ropes", "quartz", "cosmos_qa", "duorc", "wiki_bio")
# Questions that make sense without their passage, and where the answer is.
QUESTIONS = ["openqa-wikipedia-distant", "medquad", "pubmedqa", "xquad-en"]
PAIR_SHARES = {"openqa-wikipedia-distant": 0.2, "medquad": 0.15, "pubmedqa": 0.05, "xquad-en": 0.05,
               "wikinews-title-body": 0.15, "snli-dev-test": 0.1, "wikipedia-title-section": 0.3}
# The reading-comprehension tasks' questions need their passage; they serve compression only.
assert set(QUESTIONS) | set(PAIR_SHARES) <= ALLOWED


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def as_list(value):
    return [value] if isinstance(value, str) else list(value or [])


class Builder:
    def __init__(self, data, out, sizes, seed):
        self.data, self.out, self.sizes, self.seed = data, out, sizes, seed
        self.held = {}

    def cut(self, text):
        return " ".join(text.split()[:self.sizes["words"]])

    def write(self, name, make):
        path = os.path.join(self.out, name)
        if os.path.exists(path):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        count = 0
        with open(path + ".part", "w", encoding="utf-8") as file:
            for row in make(random.Random(f"{self.seed} {name}")):
                file.write((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n")
                count += 1
        os.rename(path + ".part", path)
        print(name, count, "rows", flush=True)

    def articles(self, name):
        """Every 50th article is held out, the others are for training: (is held out, text)."""
        stream = subprocess.Popen(["zstd", "-dc", os.path.join(self.data, "text", name + ".jsonl.zst")],
                                  stdout=subprocess.PIPE)
        for number, line in enumerate(stream.stdout):
            yield number % 50 == 49, json.loads(line)["text"]
        stream.kill()

    def text(self, chance):
        rows = []
        for name, share in TEXT.items():
            left = share * 1e6 * self.sizes["text_megabytes"]
            for is_held_out, text in self.articles(name):
                if is_held_out:
                    continue
                # A small budget reads beginnings, so that it does not go into a few long articles.
                text = text if self.sizes["text_megabytes"] > 100 else text[:4000]
                left -= len(text)
                rows.append({"text": text})
                if left < 0:
                    break
        chance.shuffle(rows)
        return rows

    def held_out(self, chance):
        for name, share in TEXT.items():
            found = []
            for is_held_out, text in self.articles(name):
                if is_held_out:
                    found.append({"text": text[:800]})
                    if len(found) >= 60 * share:
                        break
            yield from found

    def pairs_of(self, name):
        if name not in self.held:
            self.held[name] = lines(os.path.join(self.data, "pairs", name + ".jsonl"))
        return self.held[name]

    def compress(self, chance):
        tasks = [r for r in lines(os.path.join(self.data, "instruct", "t0-context-tasks.jsonl"))
                 if r["template"].startswith(T0_TASKS)]
        tasks += chance.sample(lines(os.path.join(self.data, "instruct", "wikinews-headline.jsonl")), len(tasks) // 2)
        rows = [{"context": self.cut(r["context"]), "instruction": r["instruction"], "output": self.cut(r["output"])}
                for r in chance.sample(tasks, min(len(tasks), self.sizes["instructions"])) if r["context"] and r["output"]]
        sections = self.pairs_of("wikipedia-title-section")
        rows += [{"text": self.cut(r["pos"])} for r in chance.sample(sections, min(len(sections), self.sizes["self"]))]
        answers = [r for name in QUESTIONS for r in self.pairs_of(name)]
        rows += [{"query": r["query"], "pos": self.cut(as_list(r["pos"])[0])}
                 for r in chance.sample(answers, min(len(answers), self.sizes["answers"]))]
        chance.shuffle(rows)
        return rows

    def mine(self):
        """Questions, their passages, and passages beside them, written as one judged folder."""
        chance = random.Random(f"{self.seed} mine")
        rows = [r for name in QUESTIONS for r in self.pairs_of(name)]
        rows = chance.sample(rows, min(len(rows), self.sizes["mine_queries"]))
        passages, judged, queries = {}, [], []
        identifier = lambda text: passages.setdefault(text, f"d{len(passages)}")
        for number, row in enumerate(rows):
            queries.append({"_id": f"q{number}", "text": row["query"]})
            judged.append(f"q{number}\t{identifier(self.cut(as_list(row['pos'])[0]))}\t1")
        names = QUESTIONS + ["wikinews-title-body", "wikipedia-title-section"]
        others = [(name, i) for name in names for i in range(len(self.pairs_of(name)))]
        chance.shuffle(others)
        for name, i in others:
            if len(passages) >= self.sizes["mine_documents"]:
                break
            identifier(self.cut(as_list(self.pairs_of(name)[i]["pos"])[0]))
        self.write("mine/corpus.jsonl", lambda _: ({"_id": i, "text": t} for t, i in passages.items() if t))
        self.write("mine/queries.jsonl", lambda _: queries)
        self.write("mine/qrels.tsv", lambda _: ["query-id\tcorpus-id\tscore"] + judged)

    def pairs(self, chance):
        rows = []
        for name, share in PAIR_SHARES.items():
            held = self.pairs_of(name)
            for row in chance.sample(held, min(len(held), int(share * self.sizes["pairs"]))):
                rows.append({"query": row["query"], "pos": [self.cut(as_list(row["pos"])[0])],
                             "neg": [self.cut(n) for n in as_list(row.get("neg"))]})
        chance.shuffle(rows)
        return rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data")
    arguments.add_argument("out")
    arguments.add_argument("--settings", default=os.path.join(HERE, "settings.json"))
    arguments.add_argument("--preset", default="trial")
    options = arguments.parse_args()
    with open(options.settings, encoding="utf-8") as file:
        preset = json.load(file)[options.preset]
    builder = Builder(options.data, options.out, preset["data"], preset["seed"])
    builder.write("text.jsonl", builder.text)
    builder.write("held-out.jsonl", builder.held_out)
    builder.write("compress.jsonl", builder.compress)
    builder.mine()
    builder.write("pairs.jsonl", builder.pairs)


if __name__ == "__main__":
    main()
