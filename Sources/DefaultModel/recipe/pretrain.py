"""The long pre-training in PyTorch, for who has a GPU; `vdb train pretrain` does the same without one.

usage: pretrain.py START TEXT.jsonl OUT [--steps N] [--device cuda] [--seconds S]

START is a model folder (weights, or config.json and tokenizer.json alone). The loss, the sequences and the
optimizer are those of `vdb train pretrain`: BOS, the text, EOS, cut into pieces of at most --max-length
tokens, each beginning with the token that the last one ended with; AdamW (0.9, 0.999), gradients clipped at norm
1, cosine with 5 % warm-up. Pieces are packed into rows of equal length with attention inside each piece only.

OUT becomes the same folder with trained weights in float32. Each minute OUT/state.pt is written, from which
the same command goes on; with --seconds it stops in time and the schedule is that of --steps all the same.
A line for stages.py goes to results.jsonl beside OUT.
"""
import argparse
import json
import math
import os
import shutil
import time

import numpy
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, LlamaForCausalLM


def pieces(path, tokenizer, length):
    """Token ids of all pieces of `path`, each with at least one token to predict."""
    texts, found = [], []

    def cut():
        for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            ids = numpy.array([0, *encoding.ids, 1], numpy.int32)
            found.extend(ids[i:i + length] for i in range(0, len(ids) - 1, length - 1))
        texts.clear()

    with open(path, encoding="utf-8") as file:
        for line in file:
            texts.append(json.loads(line)["text"])
            if len(texts) == 512:
                cut()
    cut()
    return found


def rows(found, order, length):
    """Pieces laid end to end in rows of `length`: [(ids, positions, piece numbers)], what is left is padding."""
    held, used = [], 0
    for i in order:
        piece = found[i]
        if used + len(piece) > length:
            yield pack(held, length)
            held, used = [], 0
        held.append(piece)
        used += len(piece)
    if held:
        yield pack(held, length)


def pack(held, length):
    ids, places, owner = (numpy.zeros(length, numpy.int64) for _ in range(3))
    owner[:] = -1
    start = 0
    for number, piece in enumerate(held):
        end = start + len(piece)
        ids[start:end], places[start:end], owner[start:end] = piece, numpy.arange(len(piece)), number
        start = end
    return ids, places, owner


def loss_of(model, batch, device):
    ids, places, owner = (torch.from_numpy(numpy.stack(part)).to(device) for part in zip(*batch))
    length = ids.shape[1]
    same = (owner[:, :, None] == owner[:, None, :]) & (torch.arange(length, device=device)[:, None] >= torch.arange(length, device=device))
    mask = torch.zeros(same.shape, device=device).masked_fill(~same, -1e9)[:, None]
    with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=device != "cpu"):
        states = model.model(ids, attention_mask=mask, position_ids=places).last_hidden_state
        right = (owner[:, 1:] == owner[:, :-1]) & (owner[:, 1:] >= 0)
        words = model.lm_head(states[:, :-1][right])
    return torch.nn.functional.cross_entropy(words.float(), ids[:, 1:][right]), int(right.sum())


def main():
    arguments = argparse.ArgumentParser()
    for name in ("start", "text", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--steps", type=int, default=20_000)
    arguments.add_argument("--seconds", type=float, default=math.inf)
    arguments.add_argument("--rows", type=int, default=64, help="rows of --row-length tokens a step")
    arguments.add_argument("--row-length", type=int, default=512)
    arguments.add_argument("--max-length", type=int, default=256)
    arguments.add_argument("--learning-rate", type=float, default=6e-4)
    arguments.add_argument("--weight-decay", type=float, default=0.1)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    tokenizer = Tokenizer.from_file(os.path.join(options.start, "tokenizer.json"))
    model = LlamaForCausalLM(AutoConfig.from_pretrained(options.start)).float()
    weights = os.path.join(options.start, "model.safetensors")
    if os.path.exists(weights):
        model.load_state_dict({k: v.float() for k, v in load_file(weights).items()}, strict=False)
        model.tie_weights()
    model.to(options.device)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": options.weight_decay},
                                   {"params": others, "weight_decay": 0}], lr=options.learning_rate)
    warm = math.ceil(0.05 * options.steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: (s + 1) / warm if s < warm else
                                                 0.5 * (1 + math.cos(math.pi * min(1, (s - warm) / max(1, options.steps - warm)))))
    step, tokens, first, path = 0, 0, None, os.path.join(options.out, "state.pt")
    if os.path.exists(path):
        state = torch.load(path, map_location=options.device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step, tokens, first = state["step"], state["tokens"], state["first"]
    found = pieces(options.text, tokenizer, options.max_length)
    print(len(found), "pieces,", sum(map(len, found)), "tokens", flush=True)

    def save(done):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
                    "step": step, "tokens": tokens, "first": first}, path + ".part")
        os.rename(path + ".part", path)
        if done:
            for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "autoregembed.json"):
                if os.path.exists(os.path.join(options.start, name)):
                    shutil.copyfile(os.path.join(options.start, name), os.path.join(options.out, name))
            held = {k: v.detach().float().cpu().contiguous() for k, v in model.state_dict().items() if k != "lm_head.weight"}
            save_file(held, os.path.join(options.out, "model.safetensors"), metadata={"format": "pt"})

    def batches():
        """Without end; the order of each epoch is the seed's, and a resumed run begins a new one."""
        epoch, held = step, []
        while True:
            order = numpy.random.default_rng([options.seed, epoch]).permutation(len(found))
            for row in rows(found, order, options.row_length):
                held.append(row)
                if len(held) == options.rows:
                    yield held
                    held = []
            epoch += 1

    begun = saved = time.time()
    recent = []
    for batch in batches():
        if step >= options.steps or time.time() - begun > options.seconds:
            break
        loss, count = loss_of(model, batch, options.device)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        step, tokens = step + 1, tokens + count
        first = loss.item() if first is None else first
        recent = (recent + [loss.detach()])[-max(1, options.steps // 10):]
        if step % 50 == 0:
            print(json.dumps({"step": step, "loss": round(loss.item(), 4), "tokens": tokens,
                              "seconds": round(time.time() - begun)}), flush=True)
        if time.time() - saved > 60:
            save(False)
            saved = time.time()
    save(True)
    name = os.path.basename(os.path.abspath(options.out))
    with open(os.path.join(os.path.dirname(os.path.abspath(options.out)), "results.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"name": name, "steps": step, "tokens": tokens, "loss_first": round(first, 4),
                               "loss_last_tenth": round(torch.stack(recent).mean().item(), 4),
                               "seconds": round(time.time() - begun)}) + "\n")


if __name__ == "__main__":
    main()
