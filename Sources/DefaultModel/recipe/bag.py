"""Step 4: a bag of tokens that agrees with the teacher, and a transformer that starts as that bag.

usage: bag.py TEACHER PAIRS.jsonl TEACHER_VECTORS MODEL_FOLDER OUT.pt [--epochs 6]

Every token has a direction d (382 numbers) and a weight w; a text's vector is the normalized sum of
w d over its tokens. Both start from the teacher (the vector of the token's own string; w =
s / (s + frequency), s = 1e-3) and are then fitted to the teacher's vectors of whole texts, which costs minutes.

The bag becomes the beginning of a Llama in this way. An embedding row is [d scaled | 0 | a multiple of
log w]; all rows have one length, so that RMSNorm loses nothing. The rows of <EMBED0>... hold column 382,
the flag, only. In the first layer a compressed token's query is made of its flag and every key of log w,
on the rotary pair that turns slowest: attention is then softmax(log w), the weighted mean; values are the
identity, the output is POOLED times it. Everything else starts as small random numbers, and is a language
model's to learn: no token of a text has the flag, so the pooling costs it nothing. The final norm has
more of column 383, by which frequent words are told from rare ones, and nothing of the flag. The instruction's
own tokens have a negligible weight.
"""
import argparse
import glob
import json
import math
import os

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer

import model
from model import BOS, EMBED, NEXT, SELF, STS, Student
from teach import PIECE, Teacher

WIDTH, FLAG, WEIGHT = 382, 382, 383
SCALE = 0.75  # column WEIGHT of a normalized row = SCALE x log w
ROW = 0.05  # an embedding row = ROW x the normalized row
POOLED = 0.15  # the pooled vector beside the row that it is added to


def load(pairs, vectors, tokenizer, rotation=None):
    """-> (query ids, passage ids, query targets, passage targets), what the teacher has done so far."""
    pieces = sorted(glob.glob(os.path.join(vectors, "[0-9][0-9][0-9].npz")))
    pieces = [p for i, p in enumerate(pieces) if os.path.basename(p) == f"{i:03d}.npz"]
    held = [numpy.load(p) for p in pieces]
    targets = [torch.from_numpy(numpy.concatenate([h[side] for h in held])).float() for side in ("query", "passage")]
    with open(pairs, encoding="utf-8") as file:
        rows = [json.loads(line) for _, line in zip(range(len(targets[0])), file)]
    ids = [[e.ids[:300] for e in tokenizer.encode_batch_fast([r[side] + "\n" for r in rows], add_special_tokens=False)]
           for side in ("query", "passage")]
    if rotation is not None:
        targets = [F.normalize(t @ rotation, dim=1) for t in targets]
    return ids[0], ids[1], targets[0], targets[1]


def similarity_loss(query, passage, query_target, passage_target, temperature=0.05):
    """1 - cosine to the teacher, plus the divergence of the batch's similarity rows from the teacher's."""
    cosine = (1 - (query * query_target).sum(1)).mean() + (1 - (passage * passage_target).sum(1)).mean()
    divergence = 0
    for ours, theirs in ((query @ passage.T, query_target @ passage_target.T),
                         (passage @ query.T, passage_target @ query_target.T)):
        divergence = divergence + F.kl_div(F.log_softmax(ours / temperature, 1), F.log_softmax(theirs / temperature, 1),
                                           log_target=True, reduction="batchmean")
    apart = ~torch.eye(len(passage), dtype=torch.bool)
    ours, theirs = (passage @ passage.T)[apart].view(len(passage), -1), (passage_target @ passage_target.T)[apart].view(len(passage), -1)
    divergence = divergence + F.kl_div(F.log_softmax(ours / temperature, 1), F.log_softmax(theirs / temperature, 1),
                                       log_target=True, reduction="batchmean")
    return cosine, divergence


def start(tokenizer, teacher, ids, rotation):
    """-> directions [V, 382] and log weights [V], before any fitting."""
    size = tokenizer.get_vocab_size()
    strings = [tokenizer.decode([i], skip_special_tokens=False).strip() or "." for i in range(size)]
    directions = torch.from_numpy(teacher.encode(strings)) @ rotation
    counts = torch.bincount(torch.tensor([i for text in ids for i in text]), minlength=size).float()
    frequency = counts / counts.sum()
    return F.normalize(directions, dim=1), torch.log(1e-3 / (1e-3 + frequency))


def bag_vectors(directions, logs, texts):
    flat = torch.tensor([i for t in texts for i in t])
    offsets = torch.tensor([0] + [len(t) for t in texts[:-1]]).cumsum(0)
    return F.normalize(F.embedding_bag(flat, directions, offsets, mode="sum", per_sample_weights=logs[flat].exp()), dim=1)


def fit(directions, logs, data, epochs, size=512, seed=1):
    directions, logs = torch.nn.Parameter(directions), torch.nn.Parameter(logs)
    optimizer = torch.optim.Adam([{"params": [directions], "lr": 2e-3}, {"params": [logs], "lr": 2e-2}], betas=(0.9, 0.99))
    query, passage, query_target, passage_target = data
    generator = torch.Generator().manual_seed(seed)
    total = epochs * (len(query) // size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: max(0.02, 1 - s / total))
    step = 0
    for epoch in range(epochs):
        order, sums = torch.randperm(len(query), generator=generator), [0, 0]
        for first in range(0, len(order) - size + 1, size):
            rows = order[first:first + size]
            cosine, divergence = similarity_loss(
                bag_vectors(directions, logs, [query[i] for i in rows]), bag_vectors(directions, logs, [passage[i] for i in rows]),
                query_target[rows], passage_target[rows])
            optimizer.zero_grad()
            (cosine + 0.5 * divergence).backward()
            optimizer.step()
            schedule.step()
            step += 1
            sums = [sums[0] + cosine.item(), sums[1] + divergence.item()]
        print(f"epoch {epoch} cosine loss {sums[0] / (step / (epoch + 1)):.4f} divergence {sums[1] / (step / (epoch + 1)):.4f}", flush=True)
    return directions.detach(), logs.detach()


def silent_tokens(tokenizer):
    """Ids that say nothing about a text: they are in every input."""
    ids = {BOS, *EMBED}
    for text in (NEXT, SELF, STS):
        ids.update(tokenizer.encode(text + "\n", add_special_tokens=False).ids)
    return sorted(ids)


def unfold(folder):
    """What `fold` made a Llama of: directions [V, 382] of length 1, log weights [V]."""
    rows = load_file(os.path.join(folder, "model.safetensors"))["model.embed_tokens.weight"].float()
    rows = rows / ROW
    return F.normalize(rows[:, :WIDTH], dim=1), rows[:, WEIGHT] / SCALE


def fold(directions, logs, tokenizer, seed=1):
    """The Llama that starts as the bag."""
    torch.manual_seed(seed)
    student, width = Student(), model.CONFIG["hidden_size"]
    logs = logs + directions.norm(dim=1).clamp_min(1e-6).log()
    logs = (logs - logs.mean()).clamp(-7, 5)
    logs[silent_tokens(tokenizer)] = -7
    with torch.no_grad():
        for name, value in student.named_parameters():
            if value.dim() == 2 and "embed" not in name:
                adds = name.endswith(("o_proj.weight", "down_proj.weight"))
                value.normal_(0, 0.02 / (math.sqrt(2 * len(student.layers)) if adds else 1))
        rows = torch.zeros(len(logs), width)
        rows[:, WEIGHT] = SCALE * logs
        rest = (width - rows[:, WEIGHT] ** 2).sqrt()
        rows[:, :WIDTH] = F.normalize(directions, dim=1) * rest[:, None]
        rows[EMBED, :WIDTH] = 0
        rows[EMBED, FLAG] = rest[EMBED]
        student.embed_tokens.weight.copy_(rows * ROW)
        attention = student.layers[0].self_attn
        slow = [head * 64 + 31 for head in range(6)]
        attention.q_proj.weight[:, FLAG] = 0
        attention.q_proj.weight[slow] = 0
        attention.k_proj.weight[slow] = 0
        flag = rest[EMBED[0]].item()
        attention.q_proj.weight[slow, FLAG] = math.sqrt(8 / (flag * SCALE))
        attention.k_proj.weight[slow, WEIGHT] = math.sqrt(8 / (flag * SCALE))
        identity = torch.eye(width)
        identity[WIDTH:] = 0
        attention.v_proj.weight.copy_(torch.eye(width))
        attention.o_proj.weight.copy_(POOLED * identity)
        student.norm.weight[FLAG] = 0
        student.norm.weight[WEIGHT] = 4
    return student


def main():
    arguments = argparse.ArgumentParser()
    for name in ("teacher", "pairs", "vectors", "folder", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--epochs", type=int, default=6)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(os.path.join(options.folder, "tokenizer.json"))
    query, passage, query_target, passage_target = load(options.pairs, options.vectors, tokenizer)
    print(len(query), "pairs,", sum(map(len, query)), "+", sum(map(len, passage)), "tokens")
    # The two directions in which the teacher's vectors say least are left out.
    moment = passage_target.T @ passage_target
    rotation = torch.linalg.eigh(moment)[1].flip(1)[:, :WIDTH].contiguous()
    numpy.save(os.path.join(options.vectors, "rotation.npy"), rotation.numpy())  # distil.py's targets lie in it, too
    query_target, passage_target = (F.normalize(t @ rotation, dim=1) for t in (query_target, passage_target))
    directions, logs = start(tokenizer, Teacher(options.teacher), query + passage, rotation)
    data = (query, passage, query_target, passage_target)
    directions, logs = fit(directions, logs, data, options.epochs)
    torch.save({"model": fold(directions, logs, tokenizer).state_dict(), "rotation": rotation,
                "directions": directions, "logs": logs}, options.out)


if __name__ == "__main__":
    main()
