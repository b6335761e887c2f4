"""The way on: the transformer learns from the teacher, starting as the bag of tokens of step 4.

usage: distil.py PAIRS.jsonl TEACHER_VECTORS MODEL_FOLDER START.pt OUT --steps N [--retrieval DIR]

Loss: 1 - cosine to the teacher, plus half the divergence between the student's and the teacher's
similarity rows inside a batch of 48 pairs (temperature 0.05). Queries carry I_next, one batch in
eight the STS instruction; passages I_self. AdamW, linear decay with 40 steps of warm-up, bfloat16
autocast, one thread. The start is already good, so the rate is low: at 2.5e-4 the bag is undone faster
than the layers learn. OUT/last.pt is written every ten minutes (start again to go on) with the loss on
384 pairs that are held out; OUT/best.pt has the least such loss. With --retrieval two of the judged
collections are measured at the end.
"""
import argparse
import json
import os
import random
import time

import torch
from tokenizers import Tokenizer

from bag import load, similarity_loss
from evaluate import evaluate, student_encoder
from model import NEXT, SELF, STS, Student

CHOOSING = ["wikiqa-dev-test", "trecqa-wang"]
HELD_OUT = 384


class Batches:
    """Pairs of near lengths; pieces that the teacher finishes meanwhile join at `refresh`."""

    def __init__(self, read, size, seed):
        self.read, self.size, self.random, self.queue = read, size, random.Random(seed), []
        self.known = 0
        self.refresh()

    def refresh(self):
        self.data = self.read()
        # The first pairs are held out.
        fresh = list(range(max(self.known, HELD_OUT), len(self.data[0])))
        self.known = len(self.data[0])
        self.queue += fresh
        self.random.shuffle(self.queue)

    def __iter__(self):
        while True:
            if len(self.queue) < self.size * 16:
                again = list(range(HELD_OUT, self.known))
                self.random.shuffle(again)
                self.queue = again + self.queue
            pool = [self.queue.pop() for _ in range(self.size * 16)]
            pool.sort(key=lambda i: len(self.data[1][i]))
            parts = [pool[i:i + self.size] for i in range(0, len(pool), self.size)]
            self.random.shuffle(parts)
            for part in parts:
                yield self.pairs(part)

    def pairs(self, part):
        return [[side[i] for i in part] for side in self.data[:2]] + [side[part] for side in self.data[2:]]


def main():
    arguments = argparse.ArgumentParser()
    for name in ("pairs", "vectors", "folder", "start", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--batch-size", type=int, default=48)
    arguments.add_argument("--learning-rate", type=float, default=1e-4)
    arguments.add_argument("--retrieval")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    tokenizer = Tokenizer.from_file(os.path.join(options.folder, "tokenizer.json"))
    instruction = {name: tokenizer.encode(text + "\n", add_special_tokens=False).ids
                   for name, text in (("next", NEXT), ("self", SELF), ("sts", STS))}

    begin = torch.load(options.start, weights_only=True)
    student = Student()
    student.load_state_dict(begin["model"])
    # Layers that start as nothing learn faster than what the bag has settled.
    fresh, settled = [], []
    for name, parameter in student.named_parameters():
        is_fresh = name.startswith("layers.") and not name.startswith(f"layers.{len(student.layers) - 1}.")
        (fresh if is_fresh or ".mlp." in name else settled).append(parameter)
    optimizer = torch.optim.AdamW([
        {"params": fresh, "lr": options.learning_rate},
        {"params": settled, "lr": 0.3 * options.learning_rate},
    ], betas=(0.9, 0.99), weight_decay=0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / 40, max(0.01, 1 - s / options.steps)))
    step, best, last = 0, 1e9, os.path.join(options.out, "last.pt")
    if os.path.exists(last):
        state = torch.load(last, weights_only=True)
        student.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step, best = state["step"], state["best"]
    batches = Batches(lambda: load(options.pairs, options.vectors, tokenizer, begin["rotation"]),
                      options.batch_size, options.seed + step)

    def agreement(query, passage, query_target, passage_target, kind):
        with torch.autocast("cpu", torch.bfloat16):
            ours = [student(query, instruction[kind]), student(passage, instruction["self"])]
        targets = [torch.nn.functional.pad(t, (0, 2)) for t in (query_target, passage_target)]
        return similarity_loss(ours[0].float(), ours[1].float(), *targets)

    @torch.no_grad()
    def save():
        nonlocal best
        losses = torch.zeros(2)
        for first in range(0, HELD_OUT, 48):
            losses += torch.tensor(agreement(*batches.pairs(list(range(first, first + 48))), "next")) * 48 / HELD_OUT
        loss = losses[0].item() + 0.5 * losses[1].item()
        print(json.dumps({"step": step, "held out": round(loss, 4), "cosine": round(1 - losses[0].item() / 2, 4),
                          "divergence": round(losses[1].item(), 4)}), flush=True)
        if loss < best:
            best = loss
            torch.save({"model": student.state_dict(), "step": step}, os.path.join(options.out, "best.pt"))
        torch.save({"model": student.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
                    "step": step, "best": best}, last + ".tmp")
        os.rename(last + ".tmp", last)

    save()
    begun = saved = time.time()
    sums, tokens = torch.zeros(2), 0
    for query, passage, query_target, passage_target in batches:
        if step >= options.steps:
            break
        kind = "sts" if step % 8 == 7 else "next"
        cosine, divergence = agreement(query, passage, query_target, passage_target, kind)
        optimizer.zero_grad()
        (cosine + 0.5 * divergence).backward()
        student.norm.weight.grad[382:] = 0
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        step += 1
        sums += torch.tensor([cosine.item(), divergence.item()])
        tokens += sum(len(t) + len(instruction[kind]) + 6 for t in query) + sum(len(t) + len(instruction["self"]) + 6 for t in passage)
        if step % 25 == 0:
            print(f"step {step} cosine {sums[0] / 50:.4f} divergence {sums[1] / 25:.4f} tokens/s {tokens / (time.time() - begun):.0f}", flush=True)
            sums.zero_()
        if time.time() - saved > 600:
            save()
            batches.refresh()
            saved = time.time()
    save()
    if options.retrieval:
        print(json.dumps(evaluate(options.retrieval, student_encoder(student, tokenizer), CHOOSING, 2500)), flush=True)


if __name__ == "__main__":
    main()
