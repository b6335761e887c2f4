"""Stage "opened": an adapter under which a pre-trained model still embeds as the bag that it started from.

usage: open_adapter.py PAIRS.jsonl VECTORS START OUT [--lora-rank 192]

START is a model that bag.py began and `vdb train pretrain` went on with; OUT becomes the same model with a LoRA
adapter in PEFT's files. (VECTORS is not read: stages.py calls all scripts alike.)

The first layer pools a text's tokens, and nothing in pre-training moved that. But its layers also add what
a next token would be, several times as much, which is no part of what a text means. So the adapter's first
components, by the flag that only compressed tokens carry, lets them through nearly untouched: their gates are
shut to -GATE, and above the first layer they attend to <s>, by MARGIN more than to others, and find
nothing there. All other components begin as PEFT's, changing nothing, and all are trained from here on.
"""
import argparse
import json
import os

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

import distil
import model
from bag import FLAG
from model import BOS, EMBED, K, SELF

GATE, MARGIN, TEXTS = 10.0, 16.0, 256


def trace(weights, texts, tokenizer):
    """One text after the other -> {place: its normalized states, [T, H] each}, and what comes after the pooling."""
    student = model.Student()
    student.load_state_dict({name.removeprefix("model."): value for name, value in weights.items()}, strict=True)
    instruction = tokenizer.encode(SELF + "\n", add_special_tokens=False).ids
    found, added = {}, []
    for text in texts:
        ids, mask = model.batch([text], instruction)
        positions = torch.arange(ids.shape[1]).float()
        angles = torch.cat([positions[:, None] * model.CONFIG["rope_theta"] ** (-torch.arange(0, 64, 2).float() / 64)] * 2, 1)
        x, pooled = student.embed_tokens(ids), None
        for number, layer in enumerate(student.layers):
            into = layer.input_layernorm(x)
            middle = x + layer.self_attn(into, angles.cos(), angles.sin(), mask.float(), ids.shape[1])
            pooled = middle if pooled is None else pooled
            gated = layer.post_attention_layernorm(middle)
            x = middle + layer.mlp(gated)
            found.setdefault(f"attention {number}", []).append(into[0])
            found.setdefault(f"mlp {number}", []).append(gated[0])
        added.append((x - pooled)[0, -K:])
    return found, torch.stack(added).norm(dim=-1).mean().item()


def set_component(module, rows, direction, component=0):
    """A component of `module`'s adapter: what `rows` [out] get for a unit along `direction` [in]."""
    module.lora_A["default"].weight[component] = direction
    module.lora_B["default"].weight[:, component] = rows / module.scaling["default"]


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser()
    for name in ("pairs", "vectors", "start", "out"):
        arguments.add_argument(name)
    arguments.add_argument("--lora-rank", type=int, default=192)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    tokenizer = Tokenizer.from_file(os.path.join(options.start, "tokenizer.json"))
    with open(options.pairs, encoding="utf-8") as file:
        texts = [tokenizer.encode(json.loads(line)["passage"] + "\n", add_special_tokens=False).ids[:110]
                 for _, line in zip(range(TEXTS), file)]
    student = distil.Student(options.start, options.lora_rank)
    base = {name: value.float() for name, value in load_file(os.path.join(options.start, "model.safetensors")).items()}
    flag, slow = torch.zeros(base["model.norm.weight"].shape[0]), torch.zeros(base["model.norm.weight"].shape[0])
    flag[FLAG], slow[31::64] = 1, 1
    found, before = trace(base, texts, tokenizer)
    mean = lambda states: torch.stack(states).mean(0)
    for number, layer in enumerate(student.inner.layers):
        # Layer by layer: what a layer sees depends on those below.
        held = mean([f[-K:, FLAG].mean() for f in found[f"mlp {number}"]])
        set_component(layer.mlp.gate_proj, torch.full((layer.mlp.gate_proj.out_features,), -GATE) / held, flag)
        if number + 1 < len(student.inner.layers):
            found, _ = trace(dict(base, **{"model." + n: w for n, w in student.weights().items()}), texts, tokenizer)
            attention, states = student.inner.layers[number + 1].self_attn, found[f"attention {number + 1}"]
            sink, others = states[0][0], torch.cat([s[1:] for s in states])
            held = mean([s[-K:, FLAG].mean() for s in states])
            # The direction along which <s> is 1 and everything else as near 0 as can be, in the mean of squares.
            moment = others.T @ others / len(others)
            alone = torch.linalg.solve(moment + 1e-4 * moment.trace() / len(moment) * torch.eye(len(moment)), sink)
            alone /= alone.dot(sink)
            # Of a head's 64 numbers only the first of the pair that turns slowest takes part.
            asked = base[f"model.layers.{number + 1}.self_attn.q_proj.weight"][:, FLAG]
            set_component(attention.q_proj, slow * 8 * MARGIN / held - asked, flag)
            set_component(attention.k_proj, slow, alone)
            for head, row in enumerate(slow.nonzero()[:, 0]):
                one = torch.zeros_like(slow)
                one[row] = -1
                set_component(attention.k_proj, one, base[f"model.layers.{number + 1}.self_attn.k_proj.weight"][row], 1 + head)
            set_component(attention.v_proj, -base[f"model.layers.{number + 1}.self_attn.v_proj.weight"] @ sink, alone)
            found, _ = trace(dict(base, **{"model." + n: w for n, w in student.weights().items()}), texts, tokenizer)
    _, after = trace(dict(base, **{"model." + n: w for n, w in student.weights().items()}), texts, tokenizer)
    print(json.dumps({"norm of what follows the pooling, before": round(before, 3), "after": round(after, 3)}))
    student.save(options.start, options.out)
    name = os.path.basename(os.path.abspath(options.out))
    with open(os.path.join(os.path.dirname(os.path.abspath(options.out)), "results.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"name": name, "seconds": 0}) + "\n")


if __name__ == "__main__":
    main()
