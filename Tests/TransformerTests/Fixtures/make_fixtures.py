"""Makes the tiny random models beside this file, with what transformers computes from them.

One folder per architecture variant: config.json, weights, and expected.safetensors with

    tokens.N   int64 [T]           a sequence
    states.N   float32 [T, hidden] its last hidden states, each sequence run by itself
    logits.N   float32 [V]         the logits after its last token
    greedy     int64 [12]          what follows tokens.1 greedily

usage: make_fixtures.py [VARIANT…]     (torch, transformers and safetensors from PyPI)
"""

import json
import os
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MinistralConfig,
    MinistralForCausalLM,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = 48
LENGTHS = (1, 7, 40)
BASE = dict(
    vocab_size=VOCABULARY,
    hidden_size=24,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    max_position_embeddings=128,
    rms_norm_eps=1e-5,
    bos_token_id=0,
    eos_token_id=1,
    attn_implementation="eager",
)


def llama(**settings):
    return LlamaForCausalLM, LlamaConfig(**{**BASE, **settings})


def mistral(**settings):
    return MistralForCausalLM, MistralConfig(**{**BASE, **settings})


def ministral(**settings):
    return MinistralForCausalLM, MinistralConfig(**{**BASE, **settings})


def qwen2(**settings):
    settings = {**BASE, "hidden_size": 32, **settings}
    del settings["head_dim"]
    return Qwen2ForCausalLM, Qwen2Config(**settings)


def qwen3(**settings):
    return Qwen3ForCausalLM, Qwen3Config(**{**BASE, **settings})


def rope(kind, theta=10000.0, **settings):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=theta, **settings))


VARIANTS = {
    "llama-tied": lambda: llama(tie_word_embeddings=True),
    "llama-untied": lambda: llama(tie_word_embeddings=False, **rope("default", 500000.0)),
    "llama-biases": lambda: llama(attention_bias=True, mlp_bias=True),
    "llama-float32": lambda: llama(num_key_value_heads=4),
    "llama-float16": lambda: llama(num_key_value_heads=1),
    "llama-shards": lambda: llama(tie_word_embeddings=False),
    "llama-linear": lambda: llama(**rope("linear", factor=4.0)),
    "llama-dynamic": lambda: llama(max_position_embeddings=16, **rope("dynamic", factor=2.0)),
    "llama-llama3": lambda: llama(
        **rope(
            "llama3",
            factor=8.0,
            low_freq_factor=1.0,
            high_freq_factor=4.0,
            original_max_position_embeddings=64,
        )
    ),
    "llama-yarn": lambda: llama(
        **rope("yarn", factor=8.0, original_max_position_embeddings=16)
    ),
    "qwen2-yarn": lambda: qwen2(
        **rope(
            "yarn",
            factor=4.0,
            beta_fast=16.0,
            beta_slow=2.0,
            mscale=0.7,
            mscale_all_dim=1.2,
            truncate=False,
            original_max_position_embeddings=32,
        )
    ),
    "llama-longrope": lambda: llama(
        **rope(
            "longrope",
            original_max_position_embeddings=16,
            short_factor=[1.0, 1.1, 1.3, 1.7],
            long_factor=[1.5, 2.5, 4.0, 8.0],
        )
    ),
    "mistral-window": lambda: mistral(sliding_window=9),
    "mistral-open": lambda: mistral(sliding_window=None),
    "qwen2": lambda: qwen2(tie_word_embeddings=True),
    "qwen2-windows": lambda: qwen2(
        use_sliding_window=True, sliding_window=5, max_window_layers=1
    ),
    "qwen3": lambda: qwen3(head_dim=16, tie_word_embeddings=False),
    "qwen3-layers": lambda: qwen3(
        attention_bias=True,
        use_sliding_window=True,
        sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
    ),
    "mistral-layers": lambda: ministral(
        sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        **rope("default", 30000.0),
    ),
    # As an embedding model is saved: no lm_head, no prefix `model.`.
    "qwen3-bare": lambda: qwen3(tie_word_embeddings=False),
    # The same settings for each type of layer.
    "qwen3-nested-rope": lambda: qwen3(
        use_sliding_window=True,
        sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        **rope("linear", 20000.0, factor=2.0),
    ),
}


def classic(config):
    """The form that older checkpoints have: rope_theta and rope_scaling, torch_dtype."""
    parameters = dict(config.pop("rope_parameters"))
    config["rope_theta"] = parameters.pop("rope_theta")
    config["rope_scaling"] = parameters if parameters["rope_type"] != "default" else None
    config["torch_dtype"] = config.pop("dtype")


def expected(cls, folder, sequences):
    """Each sequence in a fresh model: some rope scalings remember the lengths they have seen."""
    result = {}
    for number, tokens in enumerate(sequences):
        model = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        with torch.no_grad():
            states = model.model(tokens[None]).last_hidden_state[0]
            result[f"tokens.{number}"] = tokens
            result[f"states.{number}"] = states.contiguous()
            result[f"logits.{number}"] = model.lm_head(states[-1]).contiguous()
            if number == 1:
                text = model.generate(
                    tokens[None], max_new_tokens=12, min_new_tokens=12, do_sample=False,
                    eos_token_id=VOCABULARY + 1, pad_token_id=0,
                )
                result["greedy"] = text[0, len(tokens):].contiguous()
    return result


def make(number, name):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(number)
    cls, config = VARIANTS[name]()
    model = cls(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.25)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    dtype = {"llama-float32": torch.float32, "llama-float16": torch.float16}.get(
        name, torch.bfloat16
    )
    model.to(dtype).save_pretrained(folder)
    os.remove(os.path.join(folder, "generation_config.json"))
    sequences = [
        torch.randint(0, VOCABULARY, (length,), generator=torch.Generator().manual_seed(length))
        for length in LENGTHS
    ]
    save_file(expected(cls, folder, sequences), os.path.join(folder, "expected.safetensors"))

    path = os.path.join(folder, "config.json")
    config = json.load(open(path))
    config.pop("transformers_version", None)
    if name in ("llama-llama3", "mistral-window", "qwen2-yarn"):
        classic(config)
    if name == "mistral-layers":
        # As published: under Mistral's name, whose layer types transformers' AutoModel gives to
        # Ministral.
        config["model_type"] = "mistral"
        config["architectures"] = ["MistralForCausalLM"]
    if name == "qwen3-bare":
        config["architectures"] = ["Qwen3Model"]
        bare(folder)
    if name == "qwen3-nested-rope":
        config["rope_parameters"] = {t: config["rope_parameters"] for t in config["layer_types"]}
    json.dump(config, open(path, "w"), indent=1)
    if name == "llama-shards":
        split(folder)


def bare(folder):
    path = os.path.join(folder, "model.safetensors")
    weights = load_file(path)
    save_file(
        {key.removeprefix("model."): weights[key] for key in weights if key != "lm_head.weight"},
        path,
        metadata={"format": "pt"},
    )


def split(folder):
    path = os.path.join(folder, "model.safetensors")
    weights = load_file(path)
    os.remove(path)
    keys = sorted(weights)
    places = {}
    for number, part in enumerate((keys[::2], keys[1::2]), 1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({key: weights[key] for key in part}, os.path.join(folder, file))
        places.update({key: file for key in part})
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {}, "weight_map": places}, file, indent=1)


for number, name in enumerate(VARIANTS):
    if len(sys.argv) < 2 or name in sys.argv[1:]:
        make(number, name)
        print(name)
