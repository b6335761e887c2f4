"""Stage "distilled": a language model's adapter learns from the teacher's vectors.

usage: distil.py PAIRS.jsonl VECTORS START OUT --steps N [--lora-rank 128] [--device cuda] [--seconds S]

PAIRS.jsonl is step 1's, VECTORS what teach.py made of it. START is a model folder, with a LoRA adapter or
without one; OUT becomes the same model with an adapter of that rank on every projection and on the rows of
<EMBED0>…, in PEFT's files, which vdb reads. --lora-rank 0 trains all weights and writes a plain folder: what
comes out is then no longer the decoder that went in.

Loss: 1 - cosine to the teacher, plus half the divergence between the student's and the teacher's similarity
rows inside a batch (temperature .05). Queries carry I_next, one batch in eight the STS instruction; passages
I_self. The teacher's space is turned (orthogonal Procrustes on 2,048 pairs) to where the start already is: a
start that knows something keeps it. AdamW, linear decay with 5 % warm-up. With all weights the rate has to be
low: at 2.5e-4 and batches of 48 a start made by bag.py was undone faster than its layers learnt.

OUT/state.pt is written each minute; the same command goes on from it. --seconds stops in time. A line for
stages.py goes to results.jsonl beside OUT.
"""
import argparse
import json
import math
import os
import random
import shutil
import time

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, LlamaForCausalLM

from bag import load, similarity_loss
from model import BOS, EMBED, EOS, K, NEXT, SELF, STS

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
HELD_OUT, LENGTH = 384, 200
COPIED = ["config.json", "tokenizer.json", "tokenizer_config.json", "autoregembed.json", "model.safetensors"]


def open_model(folder, rank):
    """The folder's model in float32, under the adapter that it has or a new one; rank 0: alone."""
    model = LlamaForCausalLM(AutoConfig.from_pretrained(os.path.join(folder, "config.json"))).float()
    weights = load_file(os.path.join(folder, "model.safetensors"))
    model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    model.tie_weights()
    if os.path.exists(os.path.join(folder, "adapter_config.json")):
        model = PeftModel.from_pretrained(model, folder, is_trainable=rank > 0)
        return model if rank else model.merge_and_unload()
    if not rank:
        return model
    return get_peft_model(model, LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=PROJECTIONS, task_type="CAUSAL_LM",
        trainable_token_indices={"embed_tokens": EMBED}))


class Student:
    def __init__(self, folder, rank, device):
        self.whole, self.device = open_model(folder, rank).to(device), device
        self.inner = self.whole.get_base_model().model if rank else self.whole.model
        self.trained = [p for p in self.whole.parameters() if p.requires_grad]
        tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.instructions = {name: tokenizer.encode(text + "\n", add_special_tokens=False).ids
                             for name, text in (("next", NEXT), ("self", SELF), ("sts", STS))}

    def vectors(self, texts, kind):
        """Ids of text + newline -> unit rows. Padded on the left: the compressed tokens come last."""
        whole = [[BOS, *t[:LENGTH], *self.instructions[kind], *EMBED] for t in texts]
        width = max(map(len, whole))
        ids = torch.tensor([[EOS] * (width - len(w)) + w for w in whole], device=self.device)
        mask = torch.tensor([[0] * (width - len(w)) + [1] * len(w) for w in whole], device=self.device)
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.device != "cpu"):
            states = self.inner(ids, attention_mask=mask).last_hidden_state[:, -K:]
        return torch.nn.functional.normalize(states.float().mean(1), dim=1)

    def state(self):
        return {n: p for n, p in self.whole.named_parameters() if p.requires_grad}

    def save(self, start, out):
        for name in COPIED:
            if os.path.exists(os.path.join(start, name)):
                shutil.copyfile(os.path.join(start, name), os.path.join(out, name))
        if isinstance(self.whole, PeftModel):
            self.whole.save_pretrained(out)
            path = os.path.join(out, "adapter_config.json")
            with open(path, encoding="utf-8") as file:
                settings = json.load(file)
            with open(path, "w", encoding="utf-8") as file:
                json.dump({**settings, "base_model_name_or_path": "."}, file, indent=1)
        else:
            held = {k: v.detach().float().cpu().contiguous() for k, v in self.whole.state_dict().items() if k != "lm_head.weight"}
            save_file(held, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})


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


def main():
    arguments = argparse.ArgumentParser()
    for name in ("pairs", "vectors", "start", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--seconds", type=float, default=math.inf)
    arguments.add_argument("--batch-size", type=int, default=128)
    arguments.add_argument("--learning-rate", type=float, default=5e-4)
    arguments.add_argument("--lora-rank", type=int, default=128)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    os.makedirs(options.out, exist_ok=True)
    student = Student(options.start, options.lora_rank, options.device)
    data = load(options.pairs, options.vectors, Tokenizer.from_file(os.path.join(options.start, "tokenizer.json")))
    optimizer = torch.optim.AdamW(student.trained, lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / (0.05 * options.steps + 1), max(0.01, 1 - s / options.steps)))

    # Teacher's space to the student's: the rotation that brings 2,048 passages nearest.
    known = range(HELD_OUT, min(len(data[0]), HELD_OUT + 2048))
    with torch.no_grad():
        own = torch.cat([student.vectors([data[1][i] for i in known[j:j + 64]], "self") for j in range(0, len(known), 64)])
    left, _, right = torch.linalg.svd(data[3][list(known)].T @ own.cpu())
    turn = left @ right
    first, step, path = None, 0, os.path.join(options.out, "state.pt")
    if os.path.exists(path):
        state = torch.load(path, map_location=options.device, weights_only=True)
        for name, value in student.state().items():
            value.data.copy_(state["trained"][name])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step, first, turn = state["step"], state["first"], state["turn"].cpu()
        chance = random.Random(f"{options.seed} {step}")
    targets = [(side @ turn).to(options.device) for side in data[2:]]

    def loss_of(rows, kind):
        ours = [student.vectors([side[i] for i in rows], name) for side, name in ((data[0], kind), (data[1], "self"))]
        return similarity_loss(*ours, *(side[rows] for side in targets))

    @torch.no_grad()
    def save():
        held = [loss_of(list(range(j, j + 96)), "next") for j in range(0, HELD_OUT, 96)]
        cosine = 1 - sum(c.item() for c, _ in held) / len(held) / 2
        print(json.dumps({"step": step, "held-out cosine": round(cosine, 4),
                          "divergence": round(sum(d.item() for _, d in held) / len(held), 4)}), flush=True)
        torch.save({"trained": student.state(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
                    "step": step, "first": first, "turn": turn}, path + ".part")
        os.rename(path + ".part", path)

    begun = saved = time.time()
    save()
    recent = []
    for rows in batches(data, options.batch_size, chance):
        if step >= options.steps or time.time() - begun > options.seconds:
            break
        cosine, divergence = loss_of(rows, "sts" if step % 8 == 7 else "next")
        loss = cosine + 0.5 * divergence
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.trained, 1.0)
        optimizer.step()
        schedule.step()
        step += 1
        first = loss.item() if first is None else first
        recent = (recent + [loss.item()])[-max(1, options.steps // 10):]
        if step % 25 == 0:
            print(f"step {step} cosine {cosine.item() / 2:.4f} divergence {divergence.item():.4f} {time.time() - begun:.0f} s", flush=True)
        if time.time() - saved > 60:
            save()
            saved = time.time()
    save()
    student.save(options.start, options.out)
    name = os.path.basename(os.path.abspath(options.out))
    with open(os.path.join(os.path.dirname(os.path.abspath(options.out)), "results.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"name": name, "steps": step, "loss_first": round(first, 4),
                               "loss_last_tenth": round(sum(recent) / len(recent), 4),
                               "seconds": round(time.time() - begun)}) + "\n")


if __name__ == "__main__":
    main()
