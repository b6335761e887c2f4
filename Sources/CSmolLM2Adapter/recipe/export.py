"""Makes the folder ../adapter of adapters that `vdb train` has written.

usage: export.py RANK TRAINED[=WEIGHT]… [--setting NAME=NUMBER]… [--out DIR]     (torch and safetensors from PyPI)

The changes of several adapters of one base, and their <EMBED> rows, are averaged with the weights (Wortsman et al. 2022,
"Robust fine-tuning of zero-shot models"). The change of each matrix is cut to its RANK largest singular values and stored
in bfloat16, so that the folder has at most 20 MB. Settings are the first adapter's and those given. Prints what share of the changes'
squared norm is kept."""

import argparse
import hashlib
import json
import os
import re
import shutil

import torch
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("rank", type=int)
parser.add_argument("trained", nargs="+")
parser.add_argument("--setting", action="append", default=[])
parser.add_argument("--out", default=os.path.join(here, "..", "adapter"))
options = parser.parse_args()
os.makedirs(options.out, exist_ok=True)


def load(argument):
    """(settings, tensors, weight) of one adapter."""
    path, _, weight = argument.partition("=")
    with open(f"{path}/adapter_config.json") as file:
        return json.load(file), load_file(f"{path}/adapter_model.safetensors"), float(weight or 1)


def cut(factors):
    """The sum of B A over `factors`, cut to the rank: (A, B, kept and whole squared norm)."""
    # With Q of the stacked factors, only a small matrix is decomposed.
    qb, rb = torch.linalg.qr(torch.cat([b for _, b in factors], 1))
    qa, ra = torch.linalg.qr(torch.cat([a for a, _ in factors]).T)
    u, s, v = torch.linalg.svd(rb @ ra.T)
    root = s[: options.rank].sqrt()
    a = root[:, None] * v[: options.rank] @ qa.T
    b = qb @ u[:, : options.rank] * root
    return a, b, (s[: options.rank] ** 2).sum().item(), (s**2).sum().item()


adapters = [load(argument) for argument in options.trained]
configuration, first, _ = adapters[0]
result, kept, whole = {}, 0.0, 0.0
for name in first:
    if ".lora_A." in name:
        other = name.replace(".lora_A.", ".lora_B.")
        factors = [
            (tensors[name].double(), tensors[other].double() * weight * settings["lora_alpha"] / settings["r"])
            for settings, tensors, weight in adapters
        ]
        a, b, part, all_ = cut(factors)
        kept, whole = kept + part, whole + all_
        result[name], result[other] = a.to(torch.bfloat16).contiguous(), b.to(torch.bfloat16).contiguous()
    elif ".lora_B." not in name:
        total = sum(weight for _, _, weight in adapters)
        mean = sum(tensors[name].double() * weight for _, tensors, weight in adapters) / total
        result[name] = mean.to(torch.bfloat16)
save_file(result, f"{options.out}/adapter_model.safetensors", metadata={"format": "pt"})

configuration.update(
    r=options.rank, lora_alpha=options.rank, base_model_name_or_path="HuggingFaceTB/SmolLM2-135M-Instruct"
)
with open(f"{options.out}/adapter_config.json", "w") as file:
    json.dump(configuration, file, indent=1)
origin = options.trained[0].partition("=")[0]
for name in ("tokenizer.json", "tokenizer_config.json"):
    shutil.copyfile(f"{origin}/{name}", f"{options.out}/{name}")
with open(f"{origin}/autoregembed.json") as file:
    settings = json.load(file)
for name, _, number in (setting.partition("=") for setting in options.setting):
    settings[name] = float(number)
with open(f"{options.out}/autoregembed.json", "w") as file:
    json.dump(settings, file, indent=2)

if options.out == parser.get_default("out"):
    source = os.path.join(here, "..", "files.S")
    with open(source) as file:
        text = file.read()
    for name in ("adapter_model.safetensors", "autoregembed.json"):
        with open(f"{options.out}/{name}", "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        text = re.sub(rf"({re.escape(name)} SHA-256: ).*", rf"\g<1>{digest}", text)
    with open(source, "w") as file:
        file.write(text)
size = sum(entry.stat().st_size for entry in os.scandir(options.out))
print(f"{kept / whole:.5f} of the changes' squared norm, {size / 1e6:.1f} MB")
