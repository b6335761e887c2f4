"""Step 5: the bag learns which passage answers which query, from given pairs.

usage: contrast_bag.py DATA FOLDER OUT.pt [--steps 400] [--rate 2e-3] [--anchor 0.5] [--flatten 0.7]
                       [--made PAIRS.jsonl] [--cache TOKENS.npz]

FOLDER is step 4's bag as `export.py` wrote it; its directions and weights are read from its embedding
rows. DATA holds `pairs/`, `retrieval/` and `sts/`. With --made, pairs made from running text (step 1's file)
are a set more; the weights that ship did without.

Loss: InfoNCE over the whole batch in both directions, hard negatives among the passages where a
set has them, plus `--anchor` times 1 - cosine to what the bag gave before: pairs teach which words
matter to a search, and little of what the teacher knew of meaning is to be lost. A batch comes
from one set, or telling the sets apart would be all that is learnt; "nearby" takes neighboring rows of the
file, so that the sections of one article are each other's negatives. Since a bag costs almost
nothing, a batch can be large, and the whole run takes minutes on one core. --flatten raises the
weights to a power first: below 1, frequent words count for more.

At the end the old and the new token vectors are mixed (`MIXTURES`), each mixture is measured on the
thinned judged sets and on STS, and the best by the mean of nDCG@10 that keeps STS-B at `FLOOR` is written.
"""
import argparse
import json
import os
import random
import time

import numpy
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from bag import fold, silent_tokens, unfold
from evaluate import evaluate, similarity
from texts import TEXT

# What batches are drawn from: files, the most rows of each, the share of batches, rows that stay together.
SETS = {
    "sections": (["wikipedia-title-section"], 160_000, 0.20, 1),
    "nearby": (["wikipedia-title-section"], 0, 0.15, 8),
    "made": (sorted(TEXT), 400_000, 0.40, 1),
    "questions": (["openqa-wikipedia-distant", "xquad-en", "pubmedqa"], 5_000, 0.05, 1),
    "health": (["medquad"], 17_000, 0.06, 1),
    "news": (["wikinews-title-body"], 20_000, 0.07, 1),
    "entailment": (["snli-dev-test", "autoregembed-medi-nli"], 7_000, 0.07, 1),
}
# Sets that are the same rows as another.
SAME = {"nearby": "sections"}
QUERY_WORDS, PASSAGE_WORDS = 48, 110
MIXTURES = [0.25, 0.5, 0.75, 1.0]
FLOOR = 78.0


class Texts:
    """Token ids of many texts, end to end, and where each begins."""

    def __init__(self, ids, starts):
        self.ids, self.starts = ids, starts

    def __len__(self):
        return len(self.starts) - 1

    def bag(self, rows):
        """-> ids, offsets, as `embedding_bag` takes them."""
        parts = [self.ids[self.starts[i]:self.starts[i + 1]] for i in rows]
        offsets = numpy.cumsum([0] + [len(p) for p in parts[:-1]])
        return torch.from_numpy(numpy.concatenate(parts).astype(numpy.int64)), torch.from_numpy(offsets)


def as_list(value):
    return [value] if isinstance(value, str) else value


def without(query, passage):
    """The passage less the query where that was taken from it: finding its own words again is easy."""
    start = passage.lower().find(query.lower())
    if start < 0 or len(passage) < 3 * len(query):
        return passage
    return passage[:start] + passage[start + len(query):]


def rows_of(name, data, made, limit):
    """(query, passage, negatives), the first `limit` in the file's order."""
    if name in TEXT:
        rows = [(r["query"], without(r["query"], r["passage"]) if number % 2 else r["passage"], [])
                for number, r in enumerate(made.get(name, []))]
    else:
        with open(os.path.join(data, "pairs", name + ".jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        rows = [(r["query"], as_list(r["pos"])[0], as_list(r.get("neg") or [])[:3]) for r in lines]
    return rows[:limit]


def tokens(options, tokenizer):
    """{set: (queries, passages, negatives, first negative of each row)}, kept in the cache."""
    if options.cache and os.path.exists(options.cache):
        held = numpy.load(options.cache)
        pick = lambda key: Texts(held[key], held[key + ".starts"])
        return {name: (pick(name + ".query"), pick(name + ".passage"), pick(name + ".negative"), held[name + ".first"])
                for name in SETS if name + ".first" in held}
    made = {}
    if options.made:
        with open(options.made, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                if row["source"] in TEXT:
                    made.setdefault(row["source"], []).append(row)

    def encode(texts, words):
        flat, starts = [numpy.zeros(0, numpy.uint16)], [0]
        for first in range(0, len(texts), 4096):
            part = [" ".join(t.split()[:words]) + "\n" for t in texts[first:first + 4096]]
            for encoding in tokenizer.encode_batch_fast(part, add_special_tokens=False):
                flat.append(numpy.array(encoding.ids, numpy.uint16))
                starts.append(starts[-1] + len(encoding.ids))
        return Texts(numpy.concatenate(flat), numpy.array(starts))

    sets, stored = {}, {}
    for name, (files, limit, _, _) in SETS.items():
        rows = [row for file in files for row in rows_of(file, options.data, made, limit)]
        if not rows:
            continue
        first = numpy.cumsum([0] + [len(r[2]) for r in rows])
        sets[name] = (encode([r[0] for r in rows], QUERY_WORDS), encode([r[1] for r in rows], PASSAGE_WORDS),
                      encode([n for r in rows for n in r[2]], PASSAGE_WORDS), first)
        stored[name + ".first"] = first
        for side, texts in zip(("query", "passage", "negative"), sets[name]):
            stored[f"{name}.{side}"], stored[f"{name}.{side}.starts"] = texts.ids, texts.starts
        print(name, len(rows), "rows", flush=True)
    if options.cache:
        numpy.savez(options.cache, **stored)
    return sets


def encoder(vectors, tokenizer, known={}):
    """vectors: [V, 382], direction times weight. For `evaluate`: texts -> rows."""
    def encode(texts, is_query):
        fresh = [t for t in texts if t not in known]
        for text, e in zip(fresh, tokenizer.encode_batch_fast([t + "\n" for t in fresh], add_special_tokens=False)):
            known[text] = torch.tensor(e.ids[:512])
        ids = [known[t] for t in texts]
        offsets = torch.tensor([0] + [len(i) for i in ids[:-1]]).cumsum(0)
        return F.normalize(F.embedding_bag(torch.cat(ids), vectors, offsets, mode="sum"), dim=1).numpy()
    return encode


def measure(vectors, tokenizer, data):
    encode = encoder(vectors, tokenizer)
    found = evaluate(os.path.join(data, "retrieval"), encode)
    found["mean"] = round(sum(found.values()) / len(found), 4)
    for name in ("STSB-dev", "SICKR-dev"):
        found[name] = round(100 * similarity(os.path.join(data, "sts", name + ".tsv"), encode), 1)
    return found


def train(start, sets, silent, options):
    """-> the token vectors after `options.steps`, direction times weight."""
    generator = random.Random(options.seed)
    sets = {name: sets[SAME.get(name, name)] for name in SETS if SAME.get(name, name) in sets}
    directions, logs = (torch.nn.Parameter(value.clone()) for value in start)
    before = start[0] * torch.where(silent, 0.0, start[1].exp())[:, None]
    optimizer = torch.optim.Adam([{"params": [directions], "lr": options.rate},
                                  {"params": [logs], "lr": 10 * options.rate}], betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / 20, max(0.02, 1 - s / options.steps)))
    names, shares = list(sets), [SETS[name][2] for name in sets]
    queues, begun, sums = {name: [] for name in names}, time.time(), {}

    def vectors(bag):
        ids, offsets = bag
        weights = torch.where(silent, 0.0, logs.exp())[ids]
        ours = F.normalize(F.embedding_bag(ids, directions, offsets, mode="sum", per_sample_weights=weights), dim=1)
        if not options.anchor:
            return ours, torch.tensor(0.0)
        with torch.no_grad():
            old = F.normalize(F.embedding_bag(ids, before, offsets, mode="sum"), dim=1)
        return ours, (1 - (ours * old).sum(1)).mean()

    for step in range(options.steps):
        name = generator.choices(names, shares)[0]
        query, passage, negative, first = sets[name]
        together = SETS[name][3]
        # A small set in large batches would be learnt by heart.
        size = min(options.batch_size, max(64, len(query) // 8), len(query)) // together
        if len(queues[name]) < size:
            blocks = len(query) // together
            queues[name] = generator.sample(range(blocks), blocks)
        rows = [block * together + i for block in (queues[name].pop() for _ in range(size)) for i in range(together)]
        q, q_moved = vectors(query.bag(rows))
        p, p_moved = vectors(passage.bag(rows))
        against, moved = p, q_moved + p_moved
        harder = [i for row in rows for i in range(first[row], first[row + 1])]
        if harder:
            n, n_moved = vectors(negative.bag(harder))
            against = torch.cat([p, n])
        right = torch.arange(len(rows))
        contrast = (F.cross_entropy(q @ against.T / options.temperature, right)
                    + 0.5 * F.cross_entropy(p @ q.T / options.temperature, right))
        optimizer.zero_grad()
        (contrast + options.anchor * moved).backward()
        optimizer.step()
        schedule.step()
        total = sums.setdefault(name, [0, 0.0, 0.0])
        sums[name] = [total[0] + 1, total[1] + contrast.item(), total[2] + moved.item() / 2]
        if step % 50 == 49:
            print(json.dumps({"step": step + 1, "seconds": round(time.time() - begun), **{
                n: [round(c / k, 3), round(m / k, 4)] for n, (k, c, m) in sums.items()}}), flush=True)
            sums = {}
    return (directions * torch.where(silent, 1e-4, logs.exp())[:, None]).detach()


def main():
    arguments = argparse.ArgumentParser()
    for name in ("data", "folder", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--steps", type=int, default=400)
    arguments.add_argument("--batch-size", type=int, default=2048)
    arguments.add_argument("--rate", type=float, default=2e-3)
    arguments.add_argument("--anchor", type=float, default=0.5)
    arguments.add_argument("--temperature", type=float, default=0.05)
    arguments.add_argument("--flatten", type=float, default=0.7)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--made")
    arguments.add_argument("--cache")
    arguments.add_argument("--only-cache", action="store_true", help="make the cache, train nothing")
    options = arguments.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(options.seed)
    tokenizer = Tokenizer.from_file(os.path.join(options.folder, "tokenizer.json"))
    sets = tokens(options, tokenizer)
    if options.only_cache:
        return
    directions, logs = unfold(options.folder)
    silent = torch.zeros(len(logs), dtype=torch.bool)
    silent[silent_tokens(tokenizer)] = True

    old = directions * torch.where(silent, 1e-4, logs.exp())[:, None]
    print(json.dumps({"before": measure(old, tokenizer, options.data)}), flush=True)
    new = train((directions, logs * options.flatten), sets, silent, options)
    best, chosen = -1.0, None
    for share in MIXTURES:
        vectors = (1 - share) * old + share * new
        found = measure(vectors, tokenizer, options.data)
        print(json.dumps({"share": share, **found}), flush=True)
        if found["mean"] > best and found["STSB-dev"] >= FLOOR:
            best, chosen = found["mean"], (share, vectors)
    share, vectors = chosen
    print("written: share", share)
    torch.save({"model": fold(vectors, torch.zeros(len(vectors)), tokenizer).state_dict(),
                "old": old, "new": new, "share": share}, options.out)


if __name__ == "__main__":
    main()
