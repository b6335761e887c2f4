"""Makes adapters/ beside this file: PEFT adapters on base/ whose settings are easily misread, with
the vector that PEFT gives one text with each.

    adapters/NAME/        adapter_config.json and adapter_model.safetensors
    adapters/vectors.json by name, the normalized last state of TEXT's tokens

The adapter is loaded again by PEFT and not merged, so that what counts is how PEFT reads it.

usage: make_adapters.py     (torch, transformers, peft 0.21 and tokenizers from PyPI; after make_fixtures.py)
"""

import json
import os
import shutil

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM, LlamaModel

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.join(HERE, "base")
TEXT = "a wing lifts the air over the quiet water"
QV = ["q_proj", "v_proj"]
Q0 = r"layers\.0\.self_attn\.q_proj"

CASES = {
    # The first key that matches counts, not the closest.
    "alpha-order": dict(target_modules=QV, alpha_pattern={"self_attn.q_proj": 1, "q_proj": 32, "layers.0.self_attn.q_proj": 9}),
    "alpha-expression": dict(target_modules=QV, alpha_pattern={r"layers\.(0|1)\.self_attn\.v_proj": 32}),
    "alpha-anchored": dict(target_modules=QV, alpha_pattern={rf"^model\.{Q0}": 32, r"^layers\.1\..*": 64, "v_proj": 1.5}),
    "alpha-wildcard": dict(target_modules=QV, alpha_pattern={"self.attn.(k|v)_proj": 16, r".*1.*[pq]_proj": 2}),
    # A key that is the end of a name matches only after a dot.
    "alpha-part": dict(target_modules=QV, alpha_pattern={"_proj": 64, "attn.q_proj": 64, r"v_pr\w{2}": 20}),
    "rank-expression": dict(target_modules=QV, use_rslora=True, rank_pattern={r"layers\.1\..*": 3, "q_proj": 1}, alpha_pattern={r"(?P<which>v)_proj": 5}),
    "targets-expression": dict(target_modules=r".*layers\.1\.(self_attn\.(k|o)_proj|mlp\.down_proj)"),
    "targets-all-linear": dict(target_modules="all-linear", exclude_modules=r".*\.mlp\..*"),
    "targets-default": dict(),
    "excluded": dict(target_modules=["q_proj", "down_proj"], exclude_modules=["layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"]),
    "layers": dict(target_modules=QV, layers_to_transform=[1]),
    "layers-pattern": dict(target_modules=QV, layers_to_transform=0, layers_pattern="layers"),
    "saved-modules": dict(target_modules=QV, modules_to_save=["norm", "layers.0.self_attn.q_proj"]),
    "gaussian": dict(target_modules=QV, init_lora_weights="gaussian"),
    "orthogonal": dict(target_modules=QV, init_lora_weights="orthogonal"),
    "random": dict(target_modules=QV, init_lora_weights=False),
    # Trained on the model without its head, as for feature extraction.
    "bare": dict(bare=True, target_modules=QV, alpha_pattern={r"^layers\.0\..*": 32}),
}


def make(name, bare=False, **settings):
    folder = os.path.join(HERE, "adapters", name)
    kind = LlamaModel if bare else LlamaForCausalLM
    torch.manual_seed(len(name))
    model = get_peft_model(kind.from_pretrained(BASE), LoraConfig(r=2, lora_alpha=4, **settings))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.normal_(0, 0.3)
    model.save_pretrained(folder)
    readme = os.path.join(folder, "README.md")
    if os.path.exists(readme):
        os.remove(readme)
    path = os.path.join(folder, "adapter_config.json")
    config = json.load(open(path))
    config["base_model_name_or_path"] = "../../base"
    if name == "targets-default":
        config["target_modules"] = None
    if name == "targets-all-linear":
        config["target_modules"] = "all-linear"
    json.dump(config, open(path, "w"), indent=1)

    model = PeftModel.from_pretrained(kind.from_pretrained(BASE), folder).eval()
    inner = model.base_model.model if bare else model.base_model.model.model
    ids = Tokenizer.from_file(os.path.join(BASE, "tokenizer.json")).encode(TEXT, add_special_tokens=False).ids
    with torch.no_grad():
        state = inner(torch.tensor([ids])).last_hidden_state[0, -1]
    return F.normalize(state, dim=0).tolist()


shutil.rmtree(os.path.join(HERE, "adapters"), ignore_errors=True)
vectors = {name: make(name, **settings) for name, settings in CASES.items()}
json.dump(vectors, open(os.path.join(HERE, "adapters", "vectors.json"), "w"), indent=1)
plain = set(map(tuple, vectors.values()))
assert len(plain) == len(vectors)
