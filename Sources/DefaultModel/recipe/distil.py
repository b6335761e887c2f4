"""Stage "distilled": a language model's adapter learns from the teacher's vectors.

usage: distil.py PAIRS.jsonl VECTORS START OUT --steps N [--lora-rank 128] [--workers 2]

PAIRS.jsonl is step 1's, VECTORS what teach.py made of it. START is a model folder, with a LoRA adapter or
without one; OUT becomes the same model with an adapter of that rank (its own, where it has one) on every
projection and on the rows of <EMBED0>…, in PEFT's files, which vdb reads. The base stays as it is.

Loss: 1 - cosine to the teacher, plus half the divergence between the student's and the teacher's similarity
rows inside a batch (temperature .05). Queries carry I_next, one batch in eight the STS instruction; passages
I_self. The teacher's space is turned as bag.py turned it (VECTORS/rotation.npy), so that what the token table
knows is kept. AdamW, linear decay with 5 % warm-up. Each worker is a process of one thread with a batch of its
own, and steps are taken with the mean of their gradients (teach.py: two threads in one process did less).

OUT/state.pt is written every 50 steps; the same command goes on from it. A line for stages.py goes to
results.jsonl beside OUT.
"""
import argparse
import json
import os
import random
import shutil
import time

import numpy
import torch
import torch.distributed as workers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoConfig, LlamaForCausalLM

import model
from bag import load, similarity_loss
from model import EMBED, K, NEXT, SELF, STS

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
HELD_OUT, LENGTH, TOGETHER = 384, 110, 32
COPIED = ["config.json", "tokenizer.json", "tokenizer_config.json", "autoregembed.json", "model.safetensors"]


def open_model(folder, rank):
    """The folder's model in float32, under the adapter that it has or a new one."""
    whole = LlamaForCausalLM(AutoConfig.from_pretrained(os.path.join(folder, "config.json"))).float()
    weights = load_file(os.path.join(folder, "model.safetensors"))
    whole.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    whole.tie_weights()
    if os.path.exists(os.path.join(folder, "adapter_config.json")):
        return PeftModel.from_pretrained(whole, folder, is_trainable=True)
    return get_peft_model(whole, LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=PROJECTIONS, task_type="CAUSAL_LM",
        trainable_token_indices={"embed_tokens": EMBED}))


class Layers(model.Student):
    """The product's forward pass with weights from outside."""

    def __init__(self):
        super().__init__()
        self.embed_tokens = None

    def forward(self, x, mask):
        return self.run(x, mask, K)


class Student:
    """A folder's model under its adapter. B A is added to W once a step, so that an adapter costs nothing a token."""

    def __init__(self, folder, rank):
        self.whole = open_model(folder, rank)
        self.trained = [p for p in self.whole.parameters() if p.requires_grad]
        self.layers = Layers()
        self.inner = self.whole.get_base_model().model
        tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.instructions = {name: tokenizer.encode(text + "\n", add_special_tokens=False).ids
                             for name, text in (("next", NEXT), ("self", SELF), ("sts", STS))}

    def weights(self):
        """{name in `Layers`: W + scale B A}, to be made once a step."""
        held = {"norm.weight": self.inner.norm.weight}
        for number, layer in enumerate(self.inner.layers):
            for name, module in layer.named_modules():
                if name.endswith("layernorm"):
                    held[f"layers.{number}.{name}.weight"] = module.weight
                elif name.endswith("_proj"):
                    added = module.lora_B["default"].weight @ module.lora_A["default"].weight
                    held[f"layers.{number}.{name}.weight"] = module.base_layer.weight + module.scaling["default"] * added
        return held

    def rows(self):
        """The compressed tokens' embedding rows, [K, H]."""
        return self.inner.embed_tokens.token_adapter.trainable_tokens_delta["default"]

    def vectors(self, texts, kind, weights):
        """Ids of text + newline -> unit rows, [B, H]. Texts of near lengths go together: little is padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        table, held = self.inner.embed_tokens.token_adapter.base_layer.weight.detach(), []
        for first in range(0, len(order), TOGETHER):
            part = [texts[i][:LENGTH] for i in order[first:first + TOGETHER]]
            ids, mask = model.batch(part, self.instructions[kind])
            words = torch.nn.functional.embedding(ids[:, :-K], table)
            x = torch.cat([words, self.rows().expand(len(part), K, -1)], 1)
            held.append(torch.func.functional_call(self.layers, weights, (x, mask.float())).mean(1))
        place = torch.tensor(order).argsort()
        return torch.nn.functional.normalize(torch.cat(held)[place], dim=1)

    def state(self):
        return {n: p for n, p in self.whole.named_parameters() if p.requires_grad}

    def save(self, start, out):
        for name in COPIED:
            if os.path.exists(os.path.join(start, name)):
                shutil.copyfile(os.path.join(start, name), os.path.join(out, name))
        self.whole.save_pretrained(out)
        path = os.path.join(out, "adapter_config.json")
        with open(path, encoding="utf-8") as file:
            settings = json.load(file)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**settings, "base_model_name_or_path": "."}, file, indent=1)


def batches(data, size, chance):
    """Pairs of near lengths, without end."""
    while True:
        order = list(range(HELD_OUT, len(data[0])))
        chance.shuffle(order)
        for first in range(0, len(order) - size * 16 + 1, size * 16) or [0]:
            pool = sorted(order[first:first + size * 16], key=lambda i: len(data[1][i]))
            parts = [pool[i:i + size] for i in range(0, len(pool), size)]
            chance.shuffle(parts)
            yield from parts


def mean_gradients(parameters, count):
    """The mean over all workers in the place of each one's own."""
    if count == 1:
        return
    flat = torch.cat([p.grad.view(-1) for p in parameters])
    workers.all_reduce(flat)
    start = 0
    for p in parameters:
        p.grad.copy_(flat[start:start + p.numel()].view_as(p) / count)
        start += p.numel()


def work(rank, options):
    torch.set_num_threads(1 if options.workers > 1 else os.cpu_count())
    torch.manual_seed(options.seed)
    chance = random.Random(f"{options.seed} {rank}")
    if options.workers > 1:
        workers.init_process_group("gloo", init_method="file://" + os.path.abspath(os.path.join(options.out, "workers")),
                                   rank=rank, world_size=options.workers)
    student = Student(options.start, options.lora_rank)
    data = load(options.pairs, options.vectors, Tokenizer.from_file(os.path.join(options.start, "tokenizer.json")))
    optimizer = torch.optim.AdamW(student.trained, lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / (0.05 * options.steps + 1), max(0.01, 1 - s / options.steps)))

    # Into the space that the token table was fitted in; what the table leaves to flag and weight stays empty.
    rotation = torch.from_numpy(numpy.load(os.path.join(options.vectors, "rotation.npy")))
    targets = [torch.nn.functional.pad(torch.nn.functional.normalize(side @ rotation, dim=1), (0, student.rows().shape[1] - rotation.shape[1]))
               for side in data[2:]]
    first, step, path = None, 0, os.path.join(options.out, "state.pt")
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        for name, value in student.state().items():
            value.data.copy_(state["trained"][name])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step, first = state["step"], state["first"]
        chance = random.Random(f"{options.seed} {rank} {step}")

    def loss_of(rows, kind):
        weights = student.weights()
        ours = [student.vectors([side[i] for i in rows], name, weights) for side, name in ((data[0], kind), (data[1], "self"))]
        return similarity_loss(*ours, *(side[rows] for side in targets))

    @torch.no_grad()
    def save():
        if rank:
            return
        held = [loss_of(list(range(j, j + 96)), "next") for j in range(0, HELD_OUT, 96)]
        cosine = 1 - sum(c.item() for c, _ in held) / len(held) / 2
        print(json.dumps({"step": step, "held-out cosine": round(cosine, 4),
                          "divergence": round(sum(d.item() for _, d in held) / len(held), 4)}), flush=True)
        torch.save({"trained": student.state(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
                    "step": step, "first": first}, path + ".part")
        os.rename(path + ".part", path)

    begun = time.time()
    save()
    recent = []
    for rows in batches(data, options.batch_size, chance):
        if step >= options.steps:
            break
        cosine, divergence = loss_of(rows, "sts" if step % 8 == 7 else "next")
        loss = cosine + 0.5 * divergence
        optimizer.zero_grad()
        loss.backward()
        mean_gradients(student.trained, options.workers)
        torch.nn.utils.clip_grad_norm_(student.trained, 1.0)
        optimizer.step()
        schedule.step()
        step += 1
        first = loss.item() if first is None else first
        recent = (recent + [loss.item()])[-max(1, options.steps // 10):]
        if step % 25 == 0 and not rank:
            print(f"step {step} cosine {cosine.item() / 2:.4f} divergence {divergence.item():.4f} {time.time() - begun:.0f} s", flush=True)
        if step % 50 == 0:
            save()
    save()
    if rank:
        return
    student.save(options.start, options.out)
    name = os.path.basename(os.path.abspath(options.out))
    with open(os.path.join(os.path.dirname(os.path.abspath(options.out)), "results.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"name": name, "steps": step, "loss_first": round(first, 4),
                               "loss_last_tenth": round(sum(recent) / len(recent), 4),
                               "seconds": round(time.time() - begun)}) + "\n")


def main():
    arguments = argparse.ArgumentParser()
    for name in ("pairs", "vectors", "start", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--batch-size", type=int, default=128, help="pairs a worker")
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--learning-rate", type=float, default=5e-4)
    arguments.add_argument("--lora-rank", type=int, default=128)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    os.makedirs(options.out, exist_ok=True)
    rendezvous = os.path.join(options.out, "workers")
    if os.path.exists(rendezvous):
        os.remove(rendezvous)
    if options.workers == 1:
        work(0, options)
    else:
        torch.multiprocessing.spawn(work, (options,), nprocs=options.workers)


if __name__ == "__main__":
    main()
